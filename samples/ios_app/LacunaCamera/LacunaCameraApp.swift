import AVFoundation
import Lacuna
import SwiftUI

@main
struct LacunaCameraApp: App {
  @StateObject private var camera = Camera()

  var body: some Scene {
    WindowGroup {
      ZStack(alignment: .bottom) {
        Preview(session: camera.capture).ignoresSafeArea()
        Text(camera.seen).font(.system(.body, design: .monospaced)).padding().frame(maxWidth: .infinity, alignment: .leading)
          .background(.black.opacity(0.6)).foregroundColor(.white)
      }
      .onAppear { camera.start() }
    }
  }
}

/// Frames of the back camera through the model `classes.lcn` of the app's bundle.
final class Camera: NSObject, ObservableObject, AVCaptureVideoDataOutputSampleBufferDelegate {
  @Published var seen = ""
  let capture = AVCaptureSession()
  private let queue = DispatchQueue(label: "classifier")
  private var model: Model?
  private var session: Session?

  func start() {
    queue.async { [self] in
      do {
        guard let path = Bundle.main.path(forResource: "classes", ofType: "lcn") else { return show("classes.lcn is not in the bundle") }
        let opened = try Model(path: path)
        session = try Session(model: opened)
        model = opened
        guard let device = AVCaptureDevice.default(for: .video) else { return show("there is no camera") }
        capture.sessionPreset = .vga640x480
        capture.addInput(try AVCaptureDeviceInput(device: device))
        let output = AVCaptureVideoDataOutput()
        output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_420YpCbCr8BiPlanarFullRange]
        output.alwaysDiscardsLateVideoFrames = true
        output.setSampleBufferDelegate(self, queue: queue)
        capture.addOutput(output)
        capture.startRunning()
      } catch {
        show("\(error)")
      }
    }
  }

  func captureOutput(_: AVCaptureOutput, didOutput buffer: CMSampleBuffer, from _: AVCaptureConnection) {
    guard let pixels = CMSampleBufferGetImageBuffer(buffer), let model, let session else { return }
    let start = CACurrentMediaTime()
    do {
      let scores = try session.run(pixels, rotation: 90)  // the sensor lies on its side
      let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(3)
      let lines = best.map { model.label($0) ?? "class \($0)" }
      show(lines.joined(separator: "\n") + String(format: "\n%.1f ms", 1000 * (CACurrentMediaTime() - start)))
    } catch {
      show("\(error)")
    }
  }

  private func show(_ text: String) { DispatchQueue.main.async { self.seen = text } }
}

struct Preview: UIViewRepresentable {
  let session: AVCaptureSession

  final class View: UIView {
    override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }
  }
  func makeUIView(context _: Context) -> View {
    let view = View()
    (view.layer as? AVCaptureVideoPreviewLayer)?.session = session
    return view
  }
  func updateUIView(_: View, context _: Context) {}
}
