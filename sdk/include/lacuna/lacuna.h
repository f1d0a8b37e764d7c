/* Lacuna: runs pruned neural networks on CPUs. This header is the manual of the C interface (C99, also C++).
 *
 *   lacuna_model model;                                      // 1. open: map and verify a file made by `lacuna convert`
 *   lacuna_model_open_file("net.lcn", &model, &error);
 *   size_t bytes;                                            // 2. ask how much memory a session takes
 *   lacuna_session_size(&model, NULL, &bytes, &error);
 *   void* arena = aligned_alloc(LACUNA_ALIGNMENT, bytes);    //    and build it in memory of your own
 *   lacuna_session* session;
 *   lacuna_session_init(&model, NULL, arena, bytes, &session, &error);
 *   lacuna_session_set_input(session, 0, pixels, pixel_bytes, &error);   // 3. as often as you like
 *   lacuna_session_run(session);
 *   lacuna_session_get_output(session, 0, scores, score_bytes, &error);
 *   lacuna_session_end(session);                             // 4. ends its threads; the arena is yours again
 *   lacuna_model_close(&model);
 *
 * Memory. The library never allocates: a model borrows the caller's bytes or maps a file, a session lives in the
 * caller's arena. Opening takes up to 64 KiB of stack, any other call 32 KiB. After lacuna_session_init() a run at one
 * thread makes no system call but those that lacuna_open_options.stream and lacuna_session_options.profile ask for.
 *
 * Threads. An open model is only read: any number of threads may use it and have sessions of it at once; opening and
 * closing it exclude every other use. A session is used by one thread at a time, which may change. Functions without
 * a model or session may be called from anywhere.
 *
 * Trust. A file is untrusted and is verified whole at open: one that passes cannot make the library read or write out
 * of bounds, whatever its numbers are. Inputs may hold any bits, NaN included. Null, unaligned and mismatched arguments
 * are reported; a wrong address cannot be. docs/security.md says what is checked where.
 *
 * Errors. A call that can fail returns a status and fills `error`, which may be NULL and is left alone by a call that
 * succeeds. Each declaration lists its errors, LACUNA_ERROR_ left out; a null or closed model or session, or another
 * null argument, is INVALID_ARGUMENT everywhere. A call that fails has changed nothing but what is said.
 *
 * Same results. A session gives the same bytes for the same input on the same instruction set, with any number of
 * threads. Instruction sets differ from each other in rounding.
 *
 * Binary interface. Structs that the caller fills carry their size, so that they can grow; those that the library fills
 * keep their size, and enums their numbers, as long as the shared library keeps its SOVERSION (docs/compatibility.md).
 */
#ifndef LACUNA_LACUNA_H_
#define LACUNA_LACUNA_H_

#include <stddef.h>
#include <stdint.h>

/* In front of every function. Only a shared library exports them; of a static one they stay inside whatever it is
 * linked into. */
#if defined(LACUNA_SHARED) && defined(__GNUC__)
#define LACUNA_API __attribute__((visibility("default")))
#else
#define LACUNA_API
#endif

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
  LACUNA_ERROR_UNSUPPORTED_DTYPE = 31,    /**< of a value; this version knows fp32 and fp16 */
  LACUNA_ERROR_UNSUPPORTED_ISA = 32,      /**< the ISA that was asked for is not on this CPU or not in this build */
  /* Resources. */
  LACUNA_ERROR_ARENA_TOO_SMALL = 50, /**< than lacuna_session_size() says for the same options */
  LACUNA_ERROR_ARENA_UNALIGNED = 51, /**< its address is no multiple of LACUNA_ALIGNMENT */
  LACUNA_ERROR_THREADS = 52,         /**< the system gave no thread */
  LACUNA_ERROR_IO = 53,              /**< a file cannot be opened, read or mapped */
  LACUNA_ERROR_TOO_LARGE = 54,       /**< sizes exceed this machine's address space */
  /* The call. */
  LACUNA_ERROR_INVALID_ARGUMENT = 70, /**< a null or unaligned pointer, a model that is not open, a bad option */
  LACUNA_ERROR_NO_SUCH_TENSOR = 71,   /**< index of an input, output or step out of range */
  LACUNA_ERROR_WRONG_SIZE = 72,       /**< bytes given do not match the tensor */
  LACUNA_ERROR_NO_PREPROCESSING = 73, /**< the model does not say how it wants its pictures */
  LACUNA_STATUS_WIDTH_ = 0x7fffffff   /**< no status: makes the type 32 bits wide for every compiler */
} lacuna_status;

/** The name of a status, such as "LACUNA_ERROR_HASH". Never NULL; static storage. */
LACUNA_API const char* lacuna_status_name(lacuna_status status);

/** What went wrong, where, and what to do. Filled by a call that fails; owned by the caller. */
typedef struct lacuna_error {
  lacuna_status status;
  char message[252]; /**< terminated by a zero; cut when too long */
} lacuna_error;

/** Version of the library that runs, such as "0.1.0"; LACUNA_VERSION_* are those of this header. Static storage. */
LACUNA_API const char* lacuna_version(void);

/* ---------------------------------------------------------------- instruction sets */

/** Names of the tiers of this CPU that this build has kernels for, lowest first, such as "scalar", "avx2", "avx512".
 * Writes at most `capacity` pointers to static strings into `names` (NULL is fine for a capacity of 0) and returns how
 * many there are. */
LACUNA_API size_t lacuna_isas(const char** names, size_t capacity);

/* ---------------------------------------------------------------- models */

/** An open model. Sized for the caller's stack or static memory; members are private. */
typedef struct lacuna_model {
  uint64_t opaque[32];
} lacuna_model;

/** Opens a model in memory: `bytes` bytes at `data`, which is aligned to LACUNA_ALIGNMENT, is neither copied nor
 * written, and must outlive the model and its sessions unchanged. The bytes are verified whole, except the weights'
 * hash (lacuna_model_check_weights). *model is private: it may be moved in memory, copies of it stand for the same
 * model, and what it held before is overwritten, so close an open one first.
 * On failure *model is closed.
 * Errors: TRUNCATED, NOT_A_MODEL, VERSION, HASH, STRUCTURE, MEANING, UNSUPPORTED_OPERATOR, UNSUPPORTED_DTYPE,
 * TOO_LARGE, INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_model_open(const void* data, size_t bytes, lacuna_model* model, lacuna_error* error);

/** Maps the file read-only and opens it; lacuna_model_close() unmaps it. Changing the file meanwhile is undefined:
 * replace it by renaming another one over it, or open a copy with lacuna_open_options.copy. `path` is not kept.
 * On failure *model is closed. Errors: IO, TOO_LARGE, and those of lacuna_model_open(). */
LACUNA_API lacuna_status lacuna_model_open_file(const char* path, lacuna_model* model, lacuna_error* error);

/** How a file is opened. Start from lacuna_open_options_default(). */
typedef struct lacuna_open_options {
  uint32_t struct_bytes; /**< sizeof(lacuna_open_options) */
  uint32_t copy;         /**< not 0: read the file into memory of the system's before it is verified, so that nobody can
                            change what has been checked. lacuna_model_close() gives the memory back. */
  uint32_t stream;       /**< not 0: for a model larger than memory. Weights stay mapped; a run asks the system to read
                            those of the next step ahead and gives those of the last one back, so that about two steps'
                            weights are resident: two system calls a step. Not together with `copy`. */
} lacuna_open_options;

LACUNA_API lacuna_open_options lacuna_open_options_default(void);

/** lacuna_model_open_file() with options (NULL: the defaults). On failure *model is closed.
 * Errors: INVALID_ARGUMENT for options that contradict each other, and those of lacuna_model_open_file(). */
LACUNA_API lacuna_status lacuna_model_open_file_with(const char* path, const lacuna_open_options* options,
                                                     lacuna_model* model, lacuna_error* error);

/** Ends a model, unmaps its file and leaves *model closed. No session of it may be left. A closed model or NULL is
 * fine. */
LACUNA_API void lacuna_model_close(lacuna_model* model);

/** Reads all weights and compares their hash with the stored one: finds damage, not forgery. Takes the time of reading
 * the file. Errors: HASH, INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_model_check_weights(const lacuna_model* model, lacuna_error* error);

/* ---------------------------------------------------------------- tensors */

/** Type of the elements of a tensor. */
typedef enum lacuna_dtype {
  LACUNA_F32 = 0,                  /**< IEEE 754 binary32 in the byte order of the CPU */
  LACUNA_DTYPE_WIDTH_ = 0x7fffffff /**< no type: makes the enum 32 bits wide for every compiler */
} lacuna_dtype;

/** Bytes of one element; 0 for a number that is no type. */
LACUNA_API size_t lacuna_dtype_bytes(lacuna_dtype dtype);

/** Describes an input or output. Filled by the library; `name` lives as long as the model, `data` as the session. */
typedef struct lacuna_tensor {
  const char* name; /**< as in the source model; "" when it has none */
  lacuna_dtype dtype;
  int32_t rank;                     /**< dimensions: 0 to LACUNA_MAX_RANK */
  int64_t shape[LACUNA_MAX_RANK];   /**< the first `rank` are dimensions, in the source model's order and layout */
  int64_t strides[LACUNA_MAX_RANK]; /**< elements; channels may be padded, so data need not be contiguous */
  size_t bytes;                     /**< of the contiguous form that set_input and get_output take */
  void* data;                       /**< inside the arena, for in-place access; NULL where only the model is known */
} lacuna_tensor;

/** How many inputs and outputs a model has; 0 for one that is not open. */
LACUNA_API size_t lacuna_model_input_count(const lacuna_model* model);
LACUNA_API size_t lacuna_model_output_count(const lacuna_model* model);

/** Describes input or output `index`, in the source model's order, with data NULL. Errors: NO_SUCH_TENSOR,
 * INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_model_input(const lacuna_model* model, size_t index, lacuna_tensor* tensor,
                                            lacuna_error* error);
LACUNA_API lacuna_status lacuna_model_output(const lacuna_model* model, size_t index, lacuna_tensor* tensor,
                                             lacuna_error* error);

/* ---------------------------------------------------------------- sessions */

/** One task of a parallel loop. Never calls back into a session. */
typedef void (*lacuna_task)(void* task_context, uint32_t index, uint32_t thread);

/** Runs task(task_context, i, thread) once for each i in [0, count), in any order, and returns when all are done; what
 * tasks wrote is then visible to the caller. `thread` is in [0, threads) and differs between tasks that run at the same
 * time. `context` is lacuna_session_options.parallel_for_context. */
typedef void (*lacuna_parallel_for)(void* context, uint32_t count, lacuna_task task, void* task_context);

/** Takes one line of text, without a line feed, that lives until the call returns. */
typedef void (*lacuna_log)(void* context, const char* message);

/** Kernels that are not the library's. */
typedef struct lacuna_provider lacuna_provider;

/** How a session runs. Start from lacuna_session_options_default() or pass NULL for the defaults. Nothing of it is kept
 * by lacuna_session_size(); lacuna_session_init() keeps the functions and their contexts until lacuna_session_end(). */
typedef struct lacuna_session_options {
  uint32_t struct_bytes;            /**< sizeof(lacuna_session_options) */
  uint32_t threads;                 /**< 1 (default) to 64; 1 uses only the calling thread */
  const char* isa;                  /**< highest tier allowed, one of lacuna_isas(); NULL: the best one */
  lacuna_parallel_for parallel_for; /**< the caller's own pool of `threads` threads; NULL: a pool made by the session */
  void* parallel_for_context;
  uint32_t profile; /**< not 0: time each step, at the price of two clock reads; lacuna_step.last_ns has the result */
  lacuna_log log;   /**< told by lacuna_session_init(), in its thread, what was bound: a line for the session and one
                       for each step. Runs never call it. NULL: nothing is said. */
  void* log_context;
  const lacuna_provider* provider; /**< other kernels for dense regions, such as lacuna_xnnpack(); used by the session
                                      where they are faster here, which lacuna_session_init() measures by running both.
                                      They take memory outside the arena and threads of their own, results differ in
                                      rounding from one session to another, and the promises above on memory and system
                                      calls end. NULL (default): none. */
} lacuna_session_options;

LACUNA_API lacuna_session_options lacuna_session_options_default(void);

/** A prepared model. Lives inside the caller's arena. */
typedef struct lacuna_session lacuna_session;

/** Writes the bytes of arena that a session with these options takes, a multiple of LACUNA_ALIGNMENT, into *bytes.
 * Builds nothing. The number depends on model, options and library, not on the machine. Errors: INVALID_ARGUMENT,
 * UNSUPPORTED_ISA, TOO_LARGE. */
LACUNA_API lacuna_status lacuna_session_size(const lacuna_model* model, const lacuna_session_options* options,
                                             size_t* bytes, lacuna_error* error);

/** Builds a session in `arena`, which may hold anything, is aligned to LACUNA_ALIGNMENT and stays the session's, in its
 * place, until lacuna_session_end(). Starts threads - 1 threads unless the caller has a parallel_for. On failure
 * *session is NULL, no thread is left and the arena is the caller's.
 * Errors: those of lacuna_session_size(), ARENA_TOO_SMALL, ARENA_UNALIGNED, THREADS. */
LACUNA_API lacuna_status lacuna_session_init(const lacuna_model* model, const lacuna_session_options* options,
                                             void* arena, size_t arena_bytes, lacuna_session** session,
                                             lacuna_error* error);

/** Ends the session's threads and what a provider made. The arena may be reused. NULL is fine. */
LACUNA_API void lacuna_session_end(lacuna_session* session);

/** Describes input or output `index` with its place in the arena, for access without a copy: element (i, j, ..) is at
 * data[i * strides[0] + j * strides[1] + ..]. Write all inputs before every run: a run reuses their memory. Outputs
 * hold until the next write of an input or the next run; their memory is not to be written. An output that is a
 * constant of the model has its place in the model, read-only. Errors: NO_SUCH_TENSOR, INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_session_input(lacuna_session* session, size_t index, lacuna_tensor* tensor,
                                              lacuna_error* error);
LACUNA_API lacuna_status lacuna_session_output(lacuna_session* session, size_t index, lacuna_tensor* tensor,
                                               lacuna_error* error);

/** Copies a contiguous row-major tensor in or out. `bytes` must equal lacuna_tensor.bytes; `data` has the alignment of
 * an element and does not lie in the arena. Errors: NO_SUCH_TENSOR, WRONG_SIZE, INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_session_set_input(lacuna_session* session, size_t index, const void* data, size_t bytes,
                                                  lacuna_error* error);
LACUNA_API lacuna_status lacuna_session_get_output(const lacuna_session* session, size_t index, void* data,
                                                   size_t bytes, lacuna_error* error);

/** Runs all steps. Cannot fail; `session` is not NULL. Denormals are flushed to zero meanwhile; the caller's
 * floating-point state is restored. */
LACUNA_API void lacuna_session_run(lacuna_session* session);

/* ---------------------------------------------------------------- what happened */

/** One step of a session. Filled by the library; strings live as long as the model or are static. */
typedef struct lacuna_step {
  const char* name;            /**< of the node in the source model */
  const char* op;              /**< operator, such as "Conv" */
  const char* kernel;          /**< what was bound, with its ISA; a provider's name for a step in a region of its */
  const char* packing;         /**< of the weights; "-" without weights */
  uint64_t nonzeros, weights;  /**< weights that are not zero, and all of them */
  uint64_t macs, nonzero_macs; /**< multiply-adds of one run, dense and with non-zero weights only */
  uint64_t last_ns;            /**< nanoseconds that the last run spent in it; 0 without profiling */
} lacuna_step;

/** How many steps a session has; 0 for NULL. */
LACUNA_API size_t lacuna_session_step_count(const lacuna_session* session);

/** Describes step `index`, in the order of execution. Errors: NO_SUCH_TENSOR, INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_session_step(const lacuna_session* session, size_t index, lacuna_step* step,
                                             lacuna_error* error);

/** What a session leaves to lacuna_session_options.provider. */
typedef struct lacuna_provided {
  const char* provider;    /**< its name; "" without one. Static storage */
  uint32_t regions;        /**< steps in a row that it runs as one; the first step bears the time of all */
  uint32_t steps;          /**< in these */
  uint32_t layout_changes; /**< values that each run brings into the provider's layout or back */
  size_t bytes;            /**< of memory outside the arena; 0 where the system does not tell */
} lacuna_provided;

/** Describes that. Errors: INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_session_provided(const lacuna_session* session, lacuna_provided* provided,
                                                 lacuna_error* error);

/** The highest tier that the session may use, one of lacuna_isas(). Static storage; "" for NULL. */
LACUNA_API const char* lacuna_session_isa(const lacuna_session* session);

#ifdef __cplusplus
}
#endif

#endif /* LACUNA_LACUNA_H_ */
