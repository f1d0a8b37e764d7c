package org.lacuna;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A prepared model. All memory is taken when it is made; runs allocate nothing. Methods are synchronized, so that close() in
 * another thread waits for the end of a run.
 */
public final class Session implements AutoCloseable {
  private final Model model;
  private final long modelHandle;
  private long handle;

  public Session(Model model) {
    this(model, 1, null);
  }

  /** {@code isa}: the highest instruction set allowed, or null for the best one. */
  public Session(Model model, int threads, String isa) {
    this.model = model;
    modelHandle = model.use();
    try {
      handle = open(modelHandle, threads, isa);
    } finally {
      if (handle == 0) model.release();
    }
  }

  /** A direct buffer in the byte order of the CPU with room for that many floats. */
  public static ByteBuffer floats(long[] shape) {
    long count = 1;
    for (long side : shape) count *= side;
    return ByteBuffer.allocateDirect(Math.toIntExact(4 * count)).order(ByteOrder.nativeOrder());
  }

  /** Copies an input from a direct buffer, between position and limit: floats, row-major. */
  public synchronized void setInput(int index, ByteBuffer buffer) {
    copy(handle(), false, index, buffer, buffer.position(), buffer.remaining());
  }

  /** Copies an output into a direct buffer, between position and limit. */
  public synchronized void getOutput(int index, ByteBuffer buffer) {
    if (buffer.isReadOnly()) throw new IllegalArgumentException("the buffer is read-only");
    copy(handle(), true, index, buffer, buffer.position(), buffer.remaining());
  }

  /** Makes the first input of a picture, as the model wants it (`lacuna convert --image`). */
  public synchronized void setPicture(Picture picture) {
    setPlanes(handle(), modelHandle, picture.format, picture.planes, picture.describe());
  }

  public synchronized void run() {
    runAll(handle());
  }

  /** The instruction set that kernels were chosen from. */
  public synchronized String isa() {
    return isaName(handle());
  }

  /** The part of the model's weights that is not zero. */
  public synchronized double density() {
    return partOfWeights(handle());
  }

  /** Ends its threads. Closing twice is fine. */
  @Override
  public synchronized void close() {
    if (handle == 0) return;
    free(handle);
    handle = 0;
    model.release();
  }

  private long handle() {
    if (handle == 0) throw new IllegalStateException("the session is closed");
    return handle;
  }

  private static native long open(long model, int threads, String isa);

  private static native void free(long session);

  private static native void runAll(long session);

  private static native void copy(long session, boolean output, int index, ByteBuffer buffer, long position, long bytes);

  private static native void setPlanes(long session, long model, int format, ByteBuffer[] planes, int[] layout);

  private static native String isaName(long session);

  private static native double partOfWeights(long session);
}
