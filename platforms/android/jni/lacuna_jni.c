/* The native half of org.lacuna: handles are pointers kept in Java's longs. Needs libc only, for Android and for
 * desktop JVMs alike. The Java half checks its arguments' states; sizes and contents are checked by the library. */
#include <jni.h>
#include <lacuna/lacuna.h>
#include <lacuna/lacuna_image.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* An open model and the memory that it lies in. */
typedef struct model_handle {
  lacuna_model model;
  void* mapping; /* of a descriptor, or NULL */
  size_t mapping_bytes;
  void* copy;     /* where a model was not aligned, or NULL */
  jobject buffer; /* whose memory is used, or NULL */
} model_handle;

typedef struct session_handle {
  lacuna_session* session;
  void* arena;
} session_handle;

/* Every page size divides it. */
enum { kMapUnit = 1 << 16 };

#define JAVA(type, class, name) JNIEXPORT type JNICALL Java_org_lacuna_##class##_##name

static void* pointer(jlong handle) { return (void*)(intptr_t)handle; }
static jlong handle_of(const void* object) { return (jlong)(intptr_t)object; }

static void throw_error(JNIEnv* env, int status, const char* message) {
  jclass type = (*env)->FindClass(env, "org/lacuna/LacunaException");
  if (type == NULL) return;
  jmethodID make = (*env)->GetMethodID(env, type, "<init>", "(ILjava/lang/String;)V");
  jstring text = (*env)->NewStringUTF(env, message);
  if (make == NULL || text == NULL) return;
  jobject thrown = (*env)->NewObject(env, type, make, (jint)status, text);
  if (thrown != NULL) (*env)->Throw(env, (jthrowable)thrown);
}

static int failed(JNIEnv* env, lacuna_status status, const lacuna_error* error) {
  if (status == LACUNA_OK) return 0;
  throw_error(env, (int)status, error->message);
  return 1;
}

/* ---------------------------------------------------------------- Model */

static void free_model(JNIEnv* env, model_handle* handle) {
  if (handle == NULL) return;
  lacuna_model_close(&handle->model);
  if (handle->mapping != NULL) munmap(handle->mapping, handle->mapping_bytes);
  free(handle->copy);
  if (handle->buffer != NULL) (*env)->DeleteGlobalRef(env, handle->buffer);
  free(handle);
}

/* Opens `bytes` at `data`, in a copy where they are not aligned. Takes the handle over. */
static jlong open_bytes(JNIEnv* env, model_handle* handle, const void* data, size_t bytes) {
  lacuna_error error = {LACUNA_OK, ""};
  if ((uintptr_t)data % LACUNA_ALIGNMENT != 0) {
    const size_t whole = (bytes + LACUNA_ALIGNMENT - 1) / LACUNA_ALIGNMENT * LACUNA_ALIGNMENT;
    if (posix_memalign(&handle->copy, LACUNA_ALIGNMENT, whole == 0 ? LACUNA_ALIGNMENT : whole) != 0)
      handle->copy = NULL;
    if (handle->copy == NULL) {
      free_model(env, handle);
      throw_error(env, LACUNA_ERROR_TOO_LARGE, "there is no memory for a copy of the model");
      return 0;
    }
    memcpy(handle->copy, data, bytes);
    data = handle->copy;
  }
  if (failed(env, lacuna_model_open(data, bytes, &handle->model, &error), &error)) {
    free_model(env, handle);
    return 0;
  }
  return handle_of(handle);
}

static model_handle* new_model(JNIEnv* env) {
  model_handle* handle = calloc(1, sizeof(*handle));
  if (handle == NULL) throw_error(env, LACUNA_ERROR_TOO_LARGE, "there is no memory for a model");
  return handle;
}

JAVA(jlong, Model, openPath)(JNIEnv* env, jclass type, jstring path) {
  (void)type;
  lacuna_error error = {LACUNA_OK, ""};
  model_handle* handle = new_model(env);
  if (handle == NULL) return 0;
  const char* text = (*env)->GetStringUTFChars(env, path, NULL);
  if (text == NULL) {
    free(handle);
    return 0;
  }
  const lacuna_status status = lacuna_model_open_file(text, &handle->model, &error);
  (*env)->ReleaseStringUTFChars(env, path, text);
  if (!failed(env, status, &error)) return handle_of(handle);
  free(handle);
  return 0;
}

JAVA(jlong, Model, openRange)(JNIEnv* env, jclass type, jint descriptor, jlong offset, jlong length) {
  (void)type;
  model_handle* handle = new_model(env);
  if (handle == NULL) return 0;
  const jlong start = offset < 0 ? 0 : offset / kMapUnit * kMapUnit;
  const off_t end = lseek(descriptor, 0, SEEK_END);
  void* mapping = MAP_FAILED;
  if (offset >= 0 && length > 0 && end >= 0 && length <= (jlong)end && offset <= (jlong)end - length) {
    handle->mapping_bytes = (size_t)(offset - start + length);
    mapping = mmap(NULL, handle->mapping_bytes, PROT_READ, MAP_PRIVATE, descriptor, (off_t)start);
  }
  if (mapping == MAP_FAILED) {
    free(handle);
    throw_error(
        env, LACUNA_ERROR_IO,
        "the descriptor's range cannot be mapped: is the asset stored without compression (noCompress \"lcn\")?");
    return 0;
  }
  handle->mapping = mapping;
  return open_bytes(env, handle, (const char*)mapping + (offset - start), (size_t)length);
}

JAVA(jlong, Model, openBytes)(JNIEnv* env, jclass type, jobject buffer, jlong bytes) {
  (void)type;
  model_handle* handle = new_model(env);
  if (handle == NULL) return 0;
  const void* data = (*env)->GetDirectBufferAddress(env, buffer);
  handle->buffer = data == NULL ? NULL : (*env)->NewGlobalRef(env, buffer);
  if (handle->buffer == NULL) {
    free(handle);
    throw_error(env, LACUNA_ERROR_INVALID_ARGUMENT, "the buffer is not a direct one");
    return 0;
  }
  return open_bytes(env, handle, data, (size_t)bytes);
}

JAVA(void, Model, free)(JNIEnv* env, jclass type, jlong model) {
  (void)type;
  free_model(env, pointer(model));
}

JAVA(jint, Model, tensorCount)(JNIEnv* env, jclass type, jlong model, jboolean output) {
  (void)env;
  (void)type;
  const lacuna_model* opened = &((model_handle*)pointer(model))->model;
  return (jint)(output ? lacuna_model_output_count(opened) : lacuna_model_input_count(opened));
}

static int find_tensor(JNIEnv* env, jlong model, jboolean output, jint index, lacuna_tensor* tensor) {
  lacuna_error error = {LACUNA_OK, ""};
  const lacuna_model* opened = &((model_handle*)pointer(model))->model;
  const size_t at = (size_t)index;
  return !failed(
      env, output ? lacuna_model_output(opened, at, tensor, &error) : lacuna_model_input(opened, at, tensor, &error),
      &error);
}

JAVA(jlongArray, Model, tensorShape)(JNIEnv* env, jclass type, jlong model, jboolean output, jint index) {
  (void)type;
  lacuna_tensor tensor;
  if (!find_tensor(env, model, output, index, &tensor)) return NULL;
  jlong shape[LACUNA_MAX_RANK];
  for (int i = 0; i < tensor.rank; ++i) shape[i] = (jlong)tensor.shape[i];
  jlongArray result = (*env)->NewLongArray(env, tensor.rank);
  if (result != NULL) (*env)->SetLongArrayRegion(env, result, 0, tensor.rank, shape);
  return result;
}

/* Bytes, because NewStringUTF trusts its argument and a model's texts are whatever its maker wrote. */
static jbyteArray bytes_of(JNIEnv* env, const char* text) {
  if (text == NULL) return NULL;
  const jsize length = (jsize)strlen(text);
  jbyteArray result = (*env)->NewByteArray(env, length);
  if (result != NULL) (*env)->SetByteArrayRegion(env, result, 0, length, (const jbyte*)text);
  return result;
}

JAVA(jbyteArray, Model, tensorName)(JNIEnv* env, jclass type, jlong model, jboolean output, jint index) {
  (void)type;
  lacuna_tensor tensor;
  return find_tensor(env, model, output, index, &tensor) ? bytes_of(env, tensor.name) : NULL;
}

JAVA(jbyteArray, Model, labelBytes)(JNIEnv* env, jclass type, jlong model, jint index) {
  (void)type;
  return bytes_of(env, index < 0 ? NULL : lacuna_model_label(&((model_handle*)pointer(model))->model, (size_t)index));
}

JAVA(jstring, Model, version)(JNIEnv* env, jclass type) {
  (void)type;
  return (*env)->NewStringUTF(env, lacuna_version());
}

/* ---------------------------------------------------------------- Session */

JAVA(jlong, Session, open)(JNIEnv* env, jclass type, jlong model, jint threads, jstring isa) {
  (void)type;
  lacuna_error error = {LACUNA_OK, ""};
  const lacuna_model* opened = &((model_handle*)pointer(model))->model;
  const char* text = isa == NULL ? NULL : (*env)->GetStringUTFChars(env, isa, NULL);
  lacuna_session_options options = lacuna_session_options_default();
  options.threads = (uint32_t)threads;
  options.isa = text;
  session_handle* handle = calloc(1, sizeof(*handle));
  size_t bytes = 0;
  lacuna_status status = lacuna_session_size(opened, &options, &bytes, &error);
  if (status == LACUNA_OK && (handle == NULL || posix_memalign(&handle->arena, LACUNA_ALIGNMENT, bytes) != 0)) {
    if (handle != NULL) handle->arena = NULL;
    status = LACUNA_ERROR_TOO_LARGE;
    strcpy(error.message, "there is no memory for the session");
  }
  if (status == LACUNA_OK)
    status = lacuna_session_init(opened, &options, handle->arena, bytes, &handle->session, &error);
  if (text != NULL) (*env)->ReleaseStringUTFChars(env, isa, text);
  if (!failed(env, status, &error)) return handle_of(handle);
  if (handle != NULL) free(handle->arena);
  free(handle);
  return 0;
}

JAVA(void, Session, free)(JNIEnv* env, jclass type, jlong session) {
  (void)env;
  (void)type;
  session_handle* handle = pointer(session);
  lacuna_session_end(handle->session);
  free(handle->arena);
  free(handle);
}

JAVA(void, Session, runAll)(JNIEnv* env, jclass type, jlong session) {
  (void)env;
  (void)type;
  lacuna_session_run(((session_handle*)pointer(session))->session);
}

JAVA(void, Session, copy)
(JNIEnv* env, jclass type, jlong session, jboolean output, jint index, jobject buffer, jlong position, jlong bytes) {
  (void)type;
  lacuna_error error = {LACUNA_OK, ""};
  lacuna_session* opened = ((session_handle*)pointer(session))->session;
  char* data = (*env)->GetDirectBufferAddress(env, buffer);
  if (data == NULL) {
    throw_error(env, LACUNA_ERROR_INVALID_ARGUMENT, "the buffer is not a direct one");
    return;
  }
  data += position;
  const lacuna_status status = output ? lacuna_session_get_output(opened, (size_t)index, data, (size_t)bytes, &error)
                                      : lacuna_session_set_input(opened, (size_t)index, data, (size_t)bytes, &error);
  failed(env, status, &error);
}

/* `layout`: width, height, row bytes of three planes, bytes from one chroma to the next, matrix, range, rotation,
 * mirror. */
enum { kWidth, kHeight, kRows, kChromaStep = kRows + 3, kMatrix, kRange, kRotation, kMirror, kLayoutSize };

JAVA(void, Session, setPlanes)
(JNIEnv* env, jclass type, jlong session, jlong model, jint format, jobjectArray planes, jintArray layout) {
  (void)type;
  lacuna_error error = {LACUNA_OK, ""};
  jint numbers[kLayoutSize];
  (*env)->GetIntArrayRegion(env, layout, 0, kLayoutSize, numbers);
  lacuna_image image;
  memset(&image, 0, sizeof(image));
  image.struct_bytes = sizeof(image);
  image.format = (lacuna_image_format)format;
  image.width = (uint32_t)numbers[kWidth];
  image.height = (uint32_t)numbers[kHeight];
  image.chroma_step = (uint32_t)numbers[kChromaStep];
  image.matrix = (lacuna_image_matrix)numbers[kMatrix];
  image.range = (lacuna_image_range)numbers[kRange];
  const jsize count = (*env)->GetArrayLength(env, planes);
  for (jsize i = 0; i < count && i < 3; ++i) {
    jobject plane = (*env)->GetObjectArrayElement(env, planes, i);
    if (plane == NULL) continue;
    image.planes[i] = (*env)->GetDirectBufferAddress(env, plane);
    image.row_bytes[i] = numbers[kRows + i];
    (*env)->DeleteLocalRef(env, plane);
  }
  lacuna_image_transform transform;
  lacuna_tensor input;
  lacuna_status status = lacuna_image_transform_for_model(&((model_handle*)pointer(model))->model, &image,
                                                          (uint32_t)numbers[kRotation], &transform, &error);
  if (status == LACUNA_OK)
    status = lacuna_session_input(((session_handle*)pointer(session))->session, 0, &input, &error);
  if (status == LACUNA_OK) {
    transform.mirror = (uint32_t)numbers[kMirror];
    status = lacuna_image_to_tensor(&image, &transform, &input, &error);
  }
  failed(env, status, &error);
}

JAVA(jstring, Session, isaName)(JNIEnv* env, jclass type, jlong session) {
  (void)type;
  return (*env)->NewStringUTF(env, lacuna_session_isa(((session_handle*)pointer(session))->session));
}

JAVA(jdouble, Session, partOfWeights)(JNIEnv* env, jclass type, jlong session) {
  (void)env;
  (void)type;
  const lacuna_session* opened = ((session_handle*)pointer(session))->session;
  uint64_t weights = 0, nonzeros = 0;
  for (size_t i = 0; i < lacuna_session_step_count(opened); ++i) {
    lacuna_step step;
    if (lacuna_session_step(opened, i, &step, NULL) != LACUNA_OK) break;
    weights += step.weights;
    nonzeros += step.nonzeros;
  }
  return weights == 0 ? 1.0 : (jdouble)nonzeros / (jdouble)weights;
}
