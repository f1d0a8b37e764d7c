package org.lacuna;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * An open model. May be shared by any number of sessions in any threads; close it after all of them.
 *
 * <p>{@code AndroidModels.open(context.getAssets(), "net.lcn")} opens one from an APK.
 */
public final class Model implements AutoCloseable {
  static {
    System.loadLibrary("lacuna");
  }

  private long handle;
  private int sessions;

  private Model(long handle) {
    this.handle = handle;
  }

  /** Maps a file and verifies it. */
  public static Model openFile(String path) {
    return new Model(openPath(path));
  }

  /**
   * Maps a part of an open file, such as an asset that is stored without compression, and verifies it. The descriptor may
   * be closed afterwards. A part that starts at no multiple of 64 bytes is copied into memory.
   */
  public static Model openDescriptor(int descriptor, long offset, long length) {
    return new Model(openRange(descriptor, offset, length));
  }

  /** Uses the bytes between a direct buffer's position and limit; they must not change until close(). */
  public static Model openBuffer(ByteBuffer buffer) {
    ByteBuffer part = buffer.slice();
    return new Model(openBytes(part, part.remaining()));
  }

  public static native String version();

  public synchronized int inputCount() {
    return tensorCount(handle(), false);
  }

  public synchronized int outputCount() {
    return tensorCount(handle(), true);
  }

  public synchronized long[] inputShape(int index) {
    return tensorShape(handle(), false, index);
  }

  public synchronized long[] outputShape(int index) {
    return tensorShape(handle(), true, index);
  }

  public synchronized String inputName(int index) {
    return new String(tensorName(handle(), false, index), StandardCharsets.UTF_8);
  }

  public synchronized String outputName(int index) {
    return new String(tensorName(handle(), true, index), StandardCharsets.UTF_8);
  }

  /** The name of a class, or null. */
  public synchronized String label(int index) {
    byte[] bytes = labelBytes(handle(), index);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  /** Throws IllegalStateException while sessions are open. Closing twice is fine. */
  @Override
  public synchronized void close() {
    if (sessions != 0) throw new IllegalStateException("close the model's sessions first");
    if (handle != 0) free(handle);
    handle = 0;
  }

  synchronized long use() {
    long used = handle();
    ++sessions;
    return used;
  }

  synchronized void release() {
    --sessions;
  }

  private long handle() {
    if (handle == 0) throw new IllegalStateException("the model is closed");
    return handle;
  }

  private static native long openPath(String path);

  private static native long openRange(int descriptor, long offset, long length);

  private static native long openBytes(ByteBuffer buffer, long bytes);

  private static native void free(long model);

  private static native int tensorCount(long model, boolean output);

  private static native long[] tensorShape(long model, boolean output, int index);

  private static native byte[] tensorName(long model, boolean output, int index);

  private static native byte[] labelBytes(long model, int index);
}
