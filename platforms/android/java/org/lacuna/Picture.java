package org.lacuna;

import java.nio.ByteBuffer;

/** Pixels in direct buffers, and how they lie. Reusable: its numbers may be set anew for each picture. */
public final class Picture {
  // The numbers of lacuna_image_format.
  public static final int RGB24 = 0;
  public static final int RGBA = 2;
  public static final int YUYV = 10;
  public static final int NV12 = 12;
  public static final int NV21 = 13;
  public static final int I420 = 14;
  // The numbers of lacuna_image_matrix and lacuna_image_range.
  public static final int BT601 = 0;
  public static final int BT709 = 1;
  public static final int LIMITED = 0;
  public static final int FULL = 1;

  public int format;
  public int width;
  public int height;
  public final ByteBuffer[] planes = new ByteBuffer[3];
  public final int[] rowBytes = new int[3];
  /** Bytes from one U or V to the next, for I420: 1 or 2. */
  public int chromaStep = 1;
  public int matrix = BT601;
  public int range = LIMITED;
  /** Degrees by which the picture is turned clockwise to stand upright: 0, 90, 180, 270. */
  public int rotation;
  /** Whether left and right change places afterwards. */
  public boolean mirror;

  final int[] layout = new int[10];

  /** Checks that the planes are direct and large enough, and returns the numbers for the native half. */
  int[] describe() {
    if (width < 1 || height < 1 || width > 32768 || height > 32768) {
      throw new IllegalArgumentException("a picture of " + width + " x " + height);
    }
    boolean semi = format == NV12 || format == NV21;
    int count = format == I420 ? 3 : semi ? 2 : 1;
    for (int i = 0; i < count; ++i) {
      ByteBuffer plane = planes[i];
      if (plane == null || !plane.isDirect()) throw new IllegalArgumentException("plane " + i + " is no direct buffer");
      long rows = i == 0 ? height : (height + 1) / 2;
      long needed = rowBytes[i] * (rows - 1) + packedRow(i);
      if (rowBytes[i] < packedRow(i) || plane.capacity() < needed) {
        throw new IllegalArgumentException("plane " + i + " has " + plane.capacity() + " bytes, the picture takes " + needed);
      }
      layout[2 + i] = rowBytes[i];
    }
    layout[0] = width;
    layout[1] = height;
    layout[5] = format == I420 ? chromaStep : 0;
    layout[6] = matrix;
    layout[7] = range;
    layout[8] = rotation;
    layout[9] = mirror ? 1 : 0;
    return layout;
  }

  /** Bytes of a plane's last row: behind its last U or V there may be none. */
  private int packedRow(int plane) {
    int pairs = (width + 1) / 2;
    if (plane > 0) return format == I420 ? (pairs - 1) * chromaStep + 1 : 2 * pairs;
    switch (format) {
      case RGB24:
        return 3 * width;
      case RGBA:
        return 4 * width;
      case YUYV:
        return 4 * pairs;
      default:
        return width;
    }
  }
}
