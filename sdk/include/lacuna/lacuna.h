/* Lacuna: runs pruned neural networks on CPUs. This header is the manual of the C interface (C99).
 *
 *   lacuna_model model;                                  // 1. open: map and verify a file made by `lacuna convert`
 *   lacuna_model_open_file("net.lcn", &model, &error);
 *   size_t bytes;                                        // 2. ask how much memory a session takes
 *   lacuna_session_size(&model, NULL, &bytes, &error);
 *   void* arena = aligned_alloc(LACUNA_ALIGNMENT, bytes);    //    and build it in memory of your own
 *   lacuna_session* session;
 *   lacuna_session_init(&model, NULL, arena, bytes, &session, &error);
 *   lacuna_session_set_input(session, 0, pixels, pixel_bytes, &error);   // 3. as often as you like
 *   lacuna_session_run(session);
 *   lacuna_session_get_output(session, 0, scores, score_bytes, &error);
 *   lacuna_session_end(session);                         // 4. ends its threads; the arena is yours again
 *   lacuna_model_close(&model);
 *
 * Memory: the library never allocates. A model holds the mapping of a file or points at the caller's bytes; a session
 * lives in the caller's arena. After lacuna_session_init() nothing is allocated and nothing can fail for lack of
 * memory. Threads: a model may be shared by any number of sessions in any threads. A session is used by one thread at a
 * time. Trust: a file is untrusted and is verified whole at open. Wrong pointers and sizes given by the caller are
 * reported where they can be seen. `error` may be NULL everywhere.
 */
#ifndef LACUNA_LACUNA_H_
#define LACUNA_LACUNA_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LACUNA_VERSION_MAJOR 0
#define LACUNA_VERSION_MINOR 1
#define LACUNA_VERSION_PATCH 0

/** Alignment in bytes of an arena and of model bytes given to lacuna_model_open(). */
#define LACUNA_ALIGNMENT 64
/** Most dimensions that a tensor may have. */
#define LACUNA_MAX_RANK 8

/** Result of every call. The numbers are pinned and leave gaps for later members of a group. docs/errors.md explains
 * each. */
typedef enum lacuna_status {
  LACUNA_OK = 0,
  /* The file: damaged or not ours. */
  LACUNA_ERROR_TRUNCATED = 10,   /**< fewer bytes than the header or a range in it promises */
  LACUNA_ERROR_NOT_A_MODEL = 11, /**< the magic number is not that of an .lcn file */
  LACUNA_ERROR_VERSION = 12,     /**< a format version that this library does not read */
  LACUNA_ERROR_HASH = 13,        /**< contents do not have the stored hash */
  LACUNA_ERROR_STRUCTURE = 14,   /**< the program is not a well-formed FlatBuffer, or exceeds a limit */
  LACUNA_ERROR_MEANING = 15,     /**< well-formed, but a shape, range, offset, overlap, attribute or index is wrong */
  /* The build or the CPU: a good file that cannot run here. */
  LACUNA_ERROR_UNSUPPORTED_OPERATOR = 30, /**< not in this build */
  LACUNA_ERROR_UNSUPPORTED_DTYPE = 31,
  LACUNA_ERROR_UNSUPPORTED_ISA = 32, /**< the ISA that was asked for is not on this CPU or not in this build */
  /* Resources. */
  LACUNA_ERROR_ARENA_TOO_SMALL = 50,
  LACUNA_ERROR_ARENA_UNALIGNED = 51,
  LACUNA_ERROR_THREADS = 52,   /**< the system gave no thread */
  LACUNA_ERROR_IO = 53,        /**< a file cannot be opened, read or mapped */
  LACUNA_ERROR_TOO_LARGE = 54, /**< sizes exceed this machine's address space */
  /* The call. */
  LACUNA_ERROR_INVALID_ARGUMENT = 70,
  LACUNA_ERROR_NO_SUCH_TENSOR = 71, /**< index of an input or output out of range */
  LACUNA_ERROR_WRONG_SIZE = 72,     /**< bytes given do not match the tensor */
  LACUNA_ERROR_NO_PREPROCESSING = 73 /**< the model does not say how it wants its pictures */
} lacuna_status;

/** The name of a status, such as "LACUNA_ERROR_HASH". Never NULL; static storage. */
const char* lacuna_status_name(lacuna_status status);

/** What went wrong, where, and what to do. Filled by a call that fails; owned by the caller. */
typedef struct lacuna_error {
  lacuna_status status;
  char message[252]; /**< terminated by a zero; cut when too long */
} lacuna_error;

/** Version of the library, such as "0.1.0". Static storage. */
const char* lacuna_version(void);

/* ---------------------------------------------------------------- instruction sets */

/** Names of the tiers of this CPU that this build has kernels for, lowest first, such as "scalar", "avx2", "avx512".
 * Writes at most `capacity` pointers to static strings into `names` and returns how many there are. */
size_t lacuna_isas(const char** names, size_t capacity);

/* ---------------------------------------------------------------- models */

/** An open model. Sized for the caller's stack or static memory; members are private. */
typedef struct lacuna_model {
  uint64_t opaque[32];
} lacuna_model;

/** Opens a model in memory. `data` is aligned to LACUNA_ALIGNMENT, is neither copied nor written, and must outlive the
 * model and its sessions. The bytes are verified whole, except the weights' hash (lacuna_model_check_weights).
 * Errors: TRUNCATED, NOT_A_MODEL, VERSION, HASH, STRUCTURE, MEANING, UNSUPPORTED_*, INVALID_ARGUMENT. */
lacuna_status lacuna_model_open(const void* data, size_t bytes, lacuna_model* model, lacuna_error* error);

/** Maps the file read-only and opens it; lacuna_model_close() unmaps it. Changing the file meanwhile is undefined.
 * Errors: IO and those of lacuna_model_open(). */
lacuna_status lacuna_model_open_file(const char* path, lacuna_model* model, lacuna_error* error);

/** Ends a model. No session of it may be left. */
void lacuna_model_close(lacuna_model* model);

/** Reads all weights and compares their hash with the stored one. Errors: HASH. */
lacuna_status lacuna_model_check_weights(const lacuna_model* model, lacuna_error* error);

/* ---------------------------------------------------------------- tensors */

typedef enum lacuna_dtype { LACUNA_F32 = 0 } lacuna_dtype;

/** Bytes of one element. */
size_t lacuna_dtype_bytes(lacuna_dtype dtype);

/** Describes an input or output. `name` lives as long as the model. */
typedef struct lacuna_tensor {
  const char* name;
  lacuna_dtype dtype;
  int32_t rank;
  int64_t shape[LACUNA_MAX_RANK];
  int64_t strides[LACUNA_MAX_RANK]; /**< elements; channels may be padded, so data need not be contiguous */
  size_t bytes;                     /**< of the contiguous form that set_input and get_output take */
  void* data;                       /**< inside the arena, for in-place access; NULL where only the model is known */
} lacuna_tensor;

size_t lacuna_model_input_count(const lacuna_model* model);
size_t lacuna_model_output_count(const lacuna_model* model);
/** Errors: NO_SUCH_TENSOR. */
lacuna_status lacuna_model_input(const lacuna_model* model, size_t index, lacuna_tensor* tensor, lacuna_error* error);
lacuna_status lacuna_model_output(const lacuna_model* model, size_t index, lacuna_tensor* tensor, lacuna_error* error);

/* ---------------------------------------------------------------- sessions */

/** One task of a parallel loop. */
typedef void (*lacuna_task)(void* task_context, uint32_t index, uint32_t thread);

/** Runs task(task_context, i, thread) for i in [0, count) and returns when all are done. `thread` is in [0, threads)
 * and differs between tasks that run at the same time. */
typedef void (*lacuna_parallel_for)(void* context, uint32_t count, lacuna_task task, void* task_context);

/** How a session runs. Start from lacuna_session_options_default() or pass NULL for the defaults. */
typedef struct lacuna_session_options {
  uint32_t struct_bytes;            /**< sizeof(lacuna_session_options) */
  uint32_t threads;                 /**< 1 (default) to 64; 1 uses only the calling thread */
  const char* isa;                  /**< highest tier allowed, one of lacuna_isas(); NULL: the best one */
  lacuna_parallel_for parallel_for; /**< the caller's own pool of `threads` threads; NULL: a pool made by the session */
  void* parallel_for_context;
  uint32_t profile; /**< not 0: time each step, at the price of two clock reads */
} lacuna_session_options;

lacuna_session_options lacuna_session_options_default(void);

/** A prepared model. Lives inside the caller's arena. */
typedef struct lacuna_session lacuna_session;

/** Writes the bytes of arena that a session with these options takes. Builds nothing.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED_ISA, TOO_LARGE. */
lacuna_status lacuna_session_size(const lacuna_model* model, const lacuna_session_options* options, size_t* bytes,
                                  lacuna_error* error);

/** Builds a session in `arena`, which may hold anything, is aligned to LACUNA_ALIGNMENT and stays the session's until
 * lacuna_session_end(). Starts threads - 1 threads unless the caller has a parallel_for.
 * Errors: those of lacuna_session_size(), ARENA_TOO_SMALL, ARENA_UNALIGNED, THREADS. */
lacuna_status lacuna_session_init(const lacuna_model* model, const lacuna_session_options* options, void* arena,
                                  size_t arena_bytes, lacuna_session** session, lacuna_error* error);

/** Ends the session's threads. The arena may be reused. */
void lacuna_session_end(lacuna_session* session);

/** Where input or output `index` lies in the arena. Write inputs before every run: a run reuses their memory.
 * Outputs hold until the next write of an input or the next run. Errors: NO_SUCH_TENSOR. */
lacuna_status lacuna_session_input(lacuna_session* session, size_t index, lacuna_tensor* tensor, lacuna_error* error);
lacuna_status lacuna_session_output(lacuna_session* session, size_t index, lacuna_tensor* tensor, lacuna_error* error);

/** Copies a contiguous row-major tensor in or out. `bytes` must equal lacuna_tensor.bytes.
 * Errors: NO_SUCH_TENSOR, WRONG_SIZE, INVALID_ARGUMENT. */
lacuna_status lacuna_session_set_input(lacuna_session* session, size_t index, const void* data, size_t bytes,
                                       lacuna_error* error);
lacuna_status lacuna_session_get_output(const lacuna_session* session, size_t index, void* data, size_t bytes,
                                        lacuna_error* error);

/** Runs all steps. Cannot fail. Denormals are flushed to zero meanwhile; the caller's floating-point state is restored.
 */
void lacuna_session_run(lacuna_session* session);

/* ---------------------------------------------------------------- what happened */

/** One step of a session. Strings live as long as the model or are static. */
typedef struct lacuna_step {
  const char* name;            /**< of the node in the source model */
  const char* op;              /**< operator, such as "Conv" */
  const char* kernel;          /**< what was bound, with its ISA */
  const char* packing;         /**< of the weights; "-" without weights */
  uint64_t nonzeros, weights;  /**< weights that are not zero, and all of them */
  uint64_t macs, nonzero_macs; /**< multiply-adds of one run, dense and with non-zero weights only */
  uint64_t last_ns;            /**< time of the last run, 0 without profiling */
} lacuna_step;

size_t lacuna_session_step_count(const lacuna_session* session);
/** Errors: NO_SUCH_TENSOR. */
lacuna_status lacuna_session_step(const lacuna_session* session, size_t index, lacuna_step* step, lacuna_error* error);

/** The highest tier that the session may use, one of lacuna_isas(). */
const char* lacuna_session_isa(const lacuna_session* session);

#ifdef __cplusplus
}
#endif

#endif /* LACUNA_LACUNA_H_ */
