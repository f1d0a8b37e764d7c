import java.io.FileDescriptor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import org.lacuna.LacunaException;
import org.lacuna.Model;
import org.lacuna.Picture;
import org.lacuna.Session;

/** Arguments: model, raw floats of its input, raw floats expected, RGB pixels, their width and height, file to write into. */
public final class LacunaTest {
  private static void check(boolean good, String what) {
    if (!good) throw new AssertionError(what);
  }

  private interface Action {
    void run() throws Exception;
  }

  private static <T extends Throwable> T refused(Class<T> type, Action action, String what) {
    try {
      action.run();
    } catch (Throwable thrown) {
      if (type.isInstance(thrown)) return type.cast(thrown);
      throw new AssertionError(what + ": threw " + thrown, thrown);
    }
    throw new AssertionError(what + ": was not refused");
  }

  private static ByteBuffer direct(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.nativeOrder());
    buffer.put(bytes).flip();
    return buffer;
  }

  private static int number(FileDescriptor descriptor) throws ReflectiveOperationException {
    Field field = FileDescriptor.class.getDeclaredField("fd");
    field.setAccessible(true);
    return field.getInt(descriptor);
  }

  private static byte[] run(Model model, byte[] input, int threads) {
    try (Session session = new Session(model, threads, null)) {
      session.setInput(0, direct(input));
      session.run();
      ByteBuffer output = Session.floats(model.outputShape(0));
      session.getOutput(0, output);
      byte[] bytes = new byte[output.remaining()];
      output.get(bytes);
      return bytes;
    }
  }

  private static boolean same(byte[] a, byte[] b) {
    ByteBuffer x = ByteBuffer.wrap(a).order(ByteOrder.nativeOrder()), y = ByteBuffer.wrap(b).order(ByteOrder.nativeOrder());
    if (a.length != b.length) return false;
    while (x.hasRemaining()) {
      if (Math.abs(x.getFloat() - y.getFloat()) > 1e-5) return false;
    }
    return true;
  }

  /** The same model in a file behind `offset` other bytes, as assets lie in an APK. */
  private static void openInside(Path folder, byte[] bytes, int offset, byte[] input, byte[] expected) throws Exception {
    Path path = folder.resolve("inside_" + offset);
    byte[] shifted = new byte[offset + bytes.length + 100];
    System.arraycopy(bytes, 0, shifted, offset, bytes.length);
    Files.write(path, shifted);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      try (Model model = Model.openDescriptor(number(file.getFD()), offset, bytes.length)) {
        file.close();
        check(same(run(model, input, 1), expected), "a model at offset " + offset);
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    Path path = Paths.get(arguments[0]);
    byte[] bytes = Files.readAllBytes(path), input = Files.readAllBytes(Paths.get(arguments[1]));
    byte[] expected = Files.readAllBytes(Paths.get(arguments[2]));
    check(Model.version().matches("\\d+\\.\\d+\\.\\d+"), "version");

    try (Model model = Model.openFile(arguments[0])) {
      check(model.inputCount() == 1 && model.outputCount() == 1, "counts");
      check(model.inputShape(0).length == 4 && model.inputName(0).equals("data"), "the input");
      check(model.label(0).equals("red") && model.label(2).equals("bl\u00fce \ud83d\ude00") && model.label(10) == null && model.label(-1) == null, "labels");
      check(same(run(model, input, 1), expected) && same(run(model, input, 2), expected), "a run");
      try (Session session = new Session(model)) {
        check(session.density() > 0 && session.density() < 0.5 && !session.isa().isEmpty(), "density and isa");
        refused(IllegalStateException.class, model::close, "closing a model before its session");
        ByteBuffer small = ByteBuffer.allocateDirect(4);
        check(refused(LacunaException.class, () -> session.setInput(0, small), "a small input").status() == 72, "WRONG_SIZE");
        refused(LacunaException.class, () -> session.getOutput(0, ByteBuffer.allocate(40)), "a buffer that is not direct");
        check(refused(LacunaException.class, () -> session.setInput(7, small), "no such input").status() == 71, "NO_SUCH_TENSOR");
        picture(session, model, arguments);
      }
      check(refused(LacunaException.class, () -> new Session(model, 99, null), "99 threads").status() == 70, "threads");
      check(refused(LacunaException.class, () -> new Session(model, 1, "mmx"), "an unknown isa").status() != 0, "isa");
      Session closed = new Session(model);
      closed.close();
      closed.close();
      refused(IllegalStateException.class, closed::run, "a closed session");
    }
    Model closed = Model.openFile(arguments[0]);
    closed.close();
    closed.close();
    refused(IllegalStateException.class, closed::inputCount, "a closed model");

    for (int offset : new int[] {0, 8, 64, 4096 + 24, 65536 + 8}) openInside(path.getParent(), bytes, offset, input, expected);
    try (Model model = Model.openBuffer(direct(bytes))) {
      check(same(run(model, input, 1), expected), "a model in a buffer");
    }
    refused(LacunaException.class, () -> Model.openFile("/nonexistent"), "a file that is not there");
    refused(LacunaException.class, () -> Model.openDescriptor(-1, 0, 10), "no descriptor");
    refused(LacunaException.class, () -> Model.openBuffer(ByteBuffer.allocate(100)), "a heap buffer");
    byte[] broken = bytes.clone();
    broken[bytes.length / 4] ^= 1;
    Files.write(path.resolveSibling("broken"), broken);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      int number = number(file.getFD());
      refused(LacunaException.class, () -> Model.openDescriptor(number, 0, bytes.length + 1L), "behind the file's end");
      refused(LacunaException.class, () -> Model.openDescriptor(number, -8, 8), "before the file's start");
      refused(LacunaException.class, () -> Model.openDescriptor(number, Long.MAX_VALUE - 4, 8), "offsets that overflow");
    }
    System.out.println("all good");
  }

  /** Makes the input of a picture, writes the output, and refuses what is no picture. */
  private static void picture(Session session, Model model, String[] arguments) throws IOException {
    Picture picture = new Picture();
    picture.format = Picture.RGB24;
    picture.planes[0] = direct(Files.readAllBytes(Paths.get(arguments[3])));
    picture.width = Integer.parseInt(arguments[4]);
    picture.height = Integer.parseInt(arguments[5]);
    picture.rowBytes[0] = 3 * picture.width;
    session.setPicture(picture);
    session.run();
    ByteBuffer output = Session.floats(model.outputShape(0));
    session.getOutput(0, output);
    try (FileChannel file = FileChannel.open(Paths.get(arguments[6]), java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.WRITE)) {
      file.write(output);
    }
    picture.height += 1;
    refused(IllegalArgumentException.class, () -> session.setPicture(picture), "a plane that is too small");
    picture.height -= 1;
    picture.rotation = 45;
    refused(LacunaException.class, () -> session.setPicture(picture), "a rotation of 45 degrees");
    picture.rotation = 90;
    session.setPicture(picture);
    picture.format = Picture.I420;
    refused(IllegalArgumentException.class, () -> session.setPicture(picture), "planes that are missing");
    picture.format = 99;
    refused(LacunaException.class, () -> session.setPicture(picture), "an unknown format");
  }
}
