package org.lacuna.camera;

import android.media.Image;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.lacuna.AndroidModels;
import org.lacuna.Model;
import org.lacuna.Picture;
import org.lacuna.Session;

/** A model, and what it sees in the camera's images. Used by one thread. */
final class Classifier implements AutoCloseable {
  private static final int TOP = 3;

  private final String name;
  private final Model model;
  private final Session session;
  private final Picture picture = new Picture();
  private final ByteBuffer output;
  private final float[] scores;

  Classifier(String name, Model model, int threads) {
    this.name = name;
    this.model = model;
    session = new Session(model, threads, null);
    output = Session.floats(model.outputShape(0));
    scores = new float[output.capacity() / 4];
  }

  /** Three lines of classes and one about the network. */
  String look(Image image, int rotation) {
    long start = System.nanoTime();
    AndroidModels.describe(image, rotation, false, picture);
    session.setPicture(picture);
    session.run();
    output.clear();
    session.getOutput(0, output);
    double milliseconds = (System.nanoTime() - start) / 1e6;
    output.asFloatBuffer().get(scores);
    return best() + String.format(Locale.ROOT, "\n%s: %.0f %% of weights, %.1f ms, %s", name, 100 * session.density(), milliseconds, session.isa());
  }

  private String best() {
    double total = 0;
    float most = Float.NEGATIVE_INFINITY;
    for (float score : scores) most = Math.max(most, score);
    for (float score : scores) total += Math.exp(score - most);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(TOP, scores.length); ++i) {
      int at = 0;
      for (int j = 1; j < scores.length; ++j) {
        if (scores[j] > scores[at]) at = j;
      }
      String label = model.label(at);
      text.append(String.format(Locale.ROOT, "%3.0f %%  %s\n", 100 * Math.exp(scores[at] - most) / total, label == null ? "class " + at : label));
      scores[at] = Float.NEGATIVE_INFINITY;
    }
    return text.toString();
  }

  @Override
  public void close() {
    session.close();
    model.close();
  }
}
