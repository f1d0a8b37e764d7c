package org.lacuna.camera;

import android.Manifest;
import android.app.Activity;
import android.content.pm.PackageManager;
import android.graphics.ImageFormat;
import android.graphics.SurfaceTexture;
import android.hardware.camera2.CameraAccessException;
import android.hardware.camera2.CameraCaptureSession;
import android.hardware.camera2.CameraCharacteristics;
import android.hardware.camera2.CameraDevice;
import android.hardware.camera2.CameraManager;
import android.hardware.camera2.CaptureRequest;
import android.media.Image;
import android.media.ImageReader;
import android.os.Bundle;
import android.os.Handler;
import android.os.HandlerThread;
import android.view.Gravity;
import android.view.Surface;
import android.view.TextureView;
import android.widget.FrameLayout;
import android.widget.TextView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lacuna.AndroidModels;
import org.lacuna.LacunaException;

/** Live preview with the best three classes. A tap goes on to the next model among the assets. */
public final class MainActivity extends Activity implements TextureView.SurfaceTextureListener {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;
  private static final int THREADS = 2;

  private final List<Classifier> classifiers = new ArrayList<>();
  private int active;
  private int rotation;
  private TextureView preview;
  private TextView result;
  private HandlerThread thread;
  private Handler handler;
  private CameraDevice camera;
  private ImageReader reader;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    preview = new TextureView(this);
    preview.setSurfaceTextureListener(this);
    result = new TextView(this);
    result.setTextSize(18);
    result.setPadding(32, 32, 32, 32);
    result.setBackgroundColor(0xa0000000);
    FrameLayout layout = new FrameLayout(this);
    layout.addView(preview);
    layout.addView(result, new FrameLayout.LayoutParams(FrameLayout.LayoutParams.MATCH_PARENT, FrameLayout.LayoutParams.WRAP_CONTENT, Gravity.BOTTOM));
    layout.setOnClickListener(view -> handler.post(() -> active = classifiers.isEmpty() ? 0 : (active + 1) % classifiers.size()));
    setContentView(layout);
    thread = new HandlerThread("classifier");
    thread.start();
    handler = new Handler(thread.getLooper());
    handler.post(this::openModels);
    if (checkSelfPermission(Manifest.permission.CAMERA) != PackageManager.PERMISSION_GRANTED) {
      requestPermissions(new String[] {Manifest.permission.CAMERA}, 0);
    }
  }

  private void openModels() {
    try {
      for (String name : getAssets().list("")) {
        if (name.endsWith(".lcn")) classifiers.add(new Classifier(name, AndroidModels.open(getAssets(), name), THREADS));
      }
    } catch (IOException | LacunaException error) {
      show(error.getMessage());
    }
  }

  private void show(String text) {
    runOnUiThread(() -> result.setText(text));
  }

  @Override
  public void onRequestPermissionsResult(int request, String[] permissions, int[] results) {
    if (results.length == 0 || results[0] != PackageManager.PERMISSION_GRANTED) {
      show(getString(R.string.no_camera));
    } else if (preview.isAvailable()) {
      openCamera(preview.getSurfaceTexture());
    }
  }

  @Override
  public void onSurfaceTextureAvailable(SurfaceTexture texture, int width, int height) {
    if (checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED) openCamera(texture);
  }

  private void openCamera(SurfaceTexture texture) {
    CameraManager manager = (CameraManager) getSystemService(CAMERA_SERVICE);
    try {
      String chosen = null;
      for (String id : manager.getCameraIdList()) {
        CameraCharacteristics camera = manager.getCameraCharacteristics(id);
        Integer facing = camera.get(CameraCharacteristics.LENS_FACING);
        if (chosen != null && (facing == null || facing != CameraCharacteristics.LENS_FACING_BACK)) continue;
        chosen = id;
        Integer orientation = camera.get(CameraCharacteristics.SENSOR_ORIENTATION);
        rotation = orientation == null ? 0 : orientation; // the activity stays upright
      }
      if (chosen == null) {
        show(getString(R.string.no_camera));
        return;
      }
      texture.setDefaultBufferSize(WIDTH, HEIGHT);
      reader = ImageReader.newInstance(WIDTH, HEIGHT, ImageFormat.YUV_420_888, 2);
      reader.setOnImageAvailableListener(this::look, handler);
      Surface surface = new Surface(texture);
      manager.openCamera(chosen, new CameraDevice.StateCallback() {
        @Override
        public void onOpened(CameraDevice device) {
          camera = device;
          start(surface);
        }

        @Override
        public void onDisconnected(CameraDevice device) {
          device.close();
        }

        @Override
        public void onError(CameraDevice device, int error) {
          device.close();
          show("camera error " + error);
        }
      }, handler);
    } catch (CameraAccessException | SecurityException error) {
      show(error.getMessage());
    }
  }

  private void start(Surface surface) {
    try {
      CaptureRequest.Builder request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW);
      request.addTarget(surface);
      request.addTarget(reader.getSurface());
      camera.createCaptureSession(Arrays.asList(surface, reader.getSurface()), new CameraCaptureSession.StateCallback() {
        @Override
        public void onConfigured(CameraCaptureSession session) {
          try {
            session.setRepeatingRequest(request.build(), null, handler);
          } catch (CameraAccessException error) {
            show(error.getMessage());
          }
        }

        @Override
        public void onConfigureFailed(CameraCaptureSession session) {
          show("the camera refuses " + WIDTH + " x " + HEIGHT);
        }
      }, handler);
    } catch (CameraAccessException error) {
      show(error.getMessage());
    }
  }

  private void look(ImageReader source) {
    try (Image image = source.acquireLatestImage()) {
      if (image != null && !classifiers.isEmpty()) show(classifiers.get(active).look(image, rotation));
    } catch (LacunaException | IllegalArgumentException error) {
      show(error.getMessage());
    }
  }

  @Override
  protected void onDestroy() {
    if (camera != null) camera.close();
    handler.post(() -> {
      for (Classifier classifier : classifiers) classifier.close();
      classifiers.clear();
    });
    thread.quitSafely();
    super.onDestroy();
  }

  @Override
  public void onSurfaceTextureSizeChanged(SurfaceTexture texture, int width, int height) {}

  @Override
  public boolean onSurfaceTextureDestroyed(SurfaceTexture texture) {
    return true;
  }

  @Override
  public void onSurfaceTextureUpdated(SurfaceTexture texture) {}
}
