package org.lacuna;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import android.graphics.Bitmap;
import android.graphics.ImageFormat;
import android.media.Image;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What Android hands to models: assets, bitmaps and the camera's images. */
public final class AndroidModels {
  private AndroidModels() {}

  /** Opens a model among an APK's assets, in place. It must be stored without compression: {@code noCompress "lcn"}. */
  public static Model open(AssetManager assets, String name) throws IOException {
    try (AssetFileDescriptor file = assets.openFd(name)) {
      return Model.openDescriptor(file.getParcelFileDescriptor().getFd(), file.getStartOffset(), file.getLength());
    }
  }

  /** Describes a camera image of YUV_420_888. It must stay open until the session has taken the picture. */
  public static void describe(Image image, int rotation, boolean mirror, Picture picture) {
    if (image.getFormat() != ImageFormat.YUV_420_888) {
      throw new IllegalArgumentException("the image has format " + image.getFormat() + ", not YUV_420_888");
    }
    Image.Plane[] planes = image.getPlanes();
    picture.format = Picture.I420;
    picture.width = image.getWidth();
    picture.height = image.getHeight();
    for (int i = 0; i < 3; ++i) {
      picture.planes[i] = planes[i].getBuffer();
      picture.rowBytes[i] = planes[i].getRowStride();
    }
    picture.chromaStep = planes[1].getPixelStride();
    picture.matrix = Picture.BT601;
    picture.range = Picture.FULL; // JFIF: what Android's cameras give
    picture.rotation = rotation;
    picture.mirror = mirror;
  }

  /** Copies a bitmap of ARGB_8888 into the picture's buffer, which is made when it is too small. */
  public static void describe(Bitmap bitmap, Picture picture) {
    if (bitmap.getConfig() != Bitmap.Config.ARGB_8888) {
      throw new IllegalArgumentException("the bitmap is not of ARGB_8888: bitmap.copy(ARGB_8888, false) makes such a one");
    }
    int bytes = bitmap.getByteCount();
    if (picture.planes[0] == null || picture.planes[0].capacity() < bytes || picture.planes[0].isReadOnly()) {
      picture.planes[0] = ByteBuffer.allocateDirect(bytes);
    }
    picture.planes[0].clear();
    bitmap.copyPixelsToBuffer(picture.planes[0]);
    picture.format = Picture.RGBA; // the order of bytes in memory
    picture.width = bitmap.getWidth();
    picture.height = bitmap.getHeight();
    picture.rowBytes[0] = bitmap.getRowBytes();
    picture.rotation = 0;
    picture.mirror = false;
  }
}
