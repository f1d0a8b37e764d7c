import CLacuna
import CoreVideo
import Foundation

/// What went wrong, where, and what to do.
public struct LacunaError: Error, CustomStringConvertible {
  public let status: lacuna_status
  public let description: String

  init(_ error: lacuna_error) {
    status = error.status
    description = withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

private func check(_ call: (UnsafeMutablePointer<lacuna_error>) -> lacuna_status) throws {
  var error = lacuna_error()
  if call(&error) != LACUNA_OK { throw LacunaError(error) }
}

/// An open model; lives as long as its sessions.
public final class Model {
  let pointer = UnsafeMutablePointer<lacuna_model>.allocate(capacity: 1)

  /// Maps a file and verifies it.
  public init(path: String) throws {
    pointer.initialize(to: lacuna_model())
    try check { lacuna_model_open_file(path, pointer, $0) }
  }

  deinit {
    lacuna_model_close(pointer)
    pointer.deallocate()
  }

  public func label(_ index: Int) -> String? { lacuna_model_label(pointer, index).map { String(cString: $0) } }
}

/// A prepared model. All memory is taken when it is made. Used by one thread at a time.
public final class Session {
  private let model: Model
  private let arena: UnsafeMutableRawPointer
  private var session: OpaquePointer?
  private var scores: [Float]

  public init(model: Model, threads: UInt32 = 2) throws {
    self.model = model
    var options = lacuna_session_options_default()
    options.threads = threads
    var bytes = 0
    try check { lacuna_session_size(model.pointer, &options, &bytes, $0) }
    var output = lacuna_tensor()
    try check { lacuna_model_output(model.pointer, 0, &output, $0) }
    scores = [Float](repeating: 0, count: output.bytes / MemoryLayout<Float>.size)
    arena = .allocate(byteCount: bytes, alignment: Int(LACUNA_ALIGNMENT))
    do {
      try check { lacuna_session_init(model.pointer, &options, arena, bytes, &session, $0) }
    } catch {
      arena.deallocate()
      throw error
    }
  }

  deinit {
    lacuna_session_end(session)
    arena.deallocate()
  }

  /// Scores of the first output for a camera's pixel buffer in 420YpCbCr8BiPlanarFullRange.
  public func run(_ buffer: CVPixelBuffer, rotation: UInt32) throws -> [Float] {
    CVPixelBufferLockBaseAddress(buffer, .readOnly)
    defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
    var image = lacuna_image()
    image.struct_bytes = UInt32(MemoryLayout<lacuna_image>.size)
    image.format = LACUNA_IMAGE_NV12
    image.width = UInt32(CVPixelBufferGetWidth(buffer))
    image.height = UInt32(CVPixelBufferGetHeight(buffer))
    image.planes.0 = UnsafeRawPointer(CVPixelBufferGetBaseAddressOfPlane(buffer, 0))
    image.planes.1 = UnsafeRawPointer(CVPixelBufferGetBaseAddressOfPlane(buffer, 1))
    image.row_bytes.0 = CVPixelBufferGetBytesPerRowOfPlane(buffer, 0)
    image.row_bytes.1 = CVPixelBufferGetBytesPerRowOfPlane(buffer, 1)
    image.range = LACUNA_IMAGE_FULL
    var transform = lacuna_image_transform()
    var input = lacuna_tensor()
    try check { lacuna_image_transform_for_model(model.pointer, &image, rotation, &transform, $0) }
    try check { lacuna_session_input(session, 0, &input, $0) }
    try check { lacuna_image_to_tensor(&image, &transform, &input, $0) }
    lacuna_session_run(session)
    let bytes = scores.count * MemoryLayout<Float>.size
    try scores.withUnsafeMutableBytes { memory in
      try check { lacuna_session_get_output(session, 0, memory.baseAddress, bytes, $0) }
    }
    return scores
  }
}
