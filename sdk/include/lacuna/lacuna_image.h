/* Pictures into tensors: one pass from the pixels of a camera or a decoder to the input of a session (C99).
 *
 *   lacuna_image frame;                                       // 1. describe the pixels
 *   lacuna_image_describe(LACUNA_IMAGE_YUYV, 640, 480, pixels, bytes, &frame, &error);
 *   lacuna_image_transform transform;                         // 2. how the model wants its pictures: kept in the file
 *   lacuna_image_transform_for_model(&model, &frame, 90, &transform, &error);      //    by `lacuna convert --image`
 *   lacuna_tensor input;                                      // 3. write where the session reads
 *   lacuna_session_input(session, 0, &input, &error);
 *   lacuna_image_to_tensor(&frame, &transform, &input, &error);
 *   lacuna_session_run(session);
 *
 * Colours: YUV becomes RGB by BT.601 or BT.709, limited or full range, and is cut to 0..255; chroma is repeated, not
 * interpolated. Nothing is rounded in between: the result is within 1 of 255 of what the rounding steps of
 * other libraries give, 1.25 for BICUBIC.
 * Memory: nothing is allocated; up to 32 KiB of stack. Threads: all functions may run at the same time.
 */
#ifndef LACUNA_LACUNA_IMAGE_H_
#define LACUNA_LACUNA_IMAGE_H_

#include "lacuna/lacuna.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How pixels lie in memory. Bytes, in the order of the name. The numbers are pinned. */
typedef enum lacuna_image_format {
  LACUNA_IMAGE_RGB24 = 0,
  LACUNA_IMAGE_BGR24 = 1,
  LACUNA_IMAGE_RGBA = 2, /**< the fourth byte is ignored */
  LACUNA_IMAGE_BGRA = 3,
  LACUNA_IMAGE_GRAY = 4,
  LACUNA_IMAGE_YUYV = 10, /**< Y U Y V for two pixels; a last odd pixel still has four bytes */
  LACUNA_IMAGE_UYVY = 11,
  LACUNA_IMAGE_NV12 = 12,                 /**< plane 0: Y; plane 1: U V for 2x2 pixels */
  LACUNA_IMAGE_NV21 = 13,                 /**< the same with V U */
  LACUNA_IMAGE_I420 = 14,                 /**< plane 0: Y; plane 1: U; plane 2: V, for 2x2 pixels; see chroma_step */
  LACUNA_IMAGE_FORMAT_WIDTH_ = 0x7fffffff /**< none: makes the type 32 bits wide for every compiler */
} lacuna_image_format;

typedef enum lacuna_image_matrix {
  LACUNA_IMAGE_BT601 = 0,
  LACUNA_IMAGE_BT709 = 1,
  LACUNA_IMAGE_MATRIX_WIDTH_ = 0x7fffffff /**< none: makes the type 32 bits wide for every compiler */
} lacuna_image_matrix;

typedef enum lacuna_image_range {
  LACUNA_IMAGE_LIMITED = 0,              /**< Y 16..235, U and V 16..240: cameras and video */
  LACUNA_IMAGE_FULL = 1,                 /**< 0..255: JPEG */
  LACUNA_IMAGE_RANGE_WIDTH_ = 0x7fffffff /**< none: makes the type 32 bits wide for every compiler */
} lacuna_image_range;

/** A picture in memory that somebody else owns. */
typedef struct lacuna_image {
  uint32_t struct_bytes; /**< sizeof(lacuna_image) */
  lacuna_image_format format;
  uint32_t width, height; /**< pixels, 1 to 32768 */
  const void* planes[3];
  ptrdiff_t row_bytes[3];     /**< from one row of a plane to the next; negative for pictures stored upside down */
  uint32_t chroma_step;       /**< I420: bytes from one U or V to the next, 1 or 2 (YUV_420_888); 0 means 1 */
  lacuna_image_matrix matrix; /**< of YUV */
  lacuna_image_range range;   /**< of YUV */
} lacuna_image;

/** Describes pixels that lie without gaps, planes one behind the other; BT.601, limited range.
 * Errors: INVALID_ARGUMENT; WRONG_SIZE when `bytes` is less than the picture takes. */
LACUNA_API lacuna_status lacuna_image_describe(lacuna_image_format format, uint32_t width, uint32_t height,
                                               const void* pixels, size_t bytes, lacuna_image* image,
                                               lacuna_error* error);

/** How a pixel of the result is made of those of the source. The numbers are pinned. */
typedef enum lacuna_image_filter {
  LACUNA_IMAGE_BILINEAR = 0, /**< when shrinking, the triangle grows along: Pillow's BILINEAR */
  LACUNA_IMAGE_LINEAR = 1,   /**< the 2x2 neighbours, whatever the scale: fast, for small changes of size */
  LACUNA_IMAGE_AREA = 2,     /**< average over the area under the pixel, which is at least one pixel large */
  LACUNA_IMAGE_BICUBIC = 3,  /**< Pillow's BICUBIC: a = -0.5, growing along when shrinking */
  LACUNA_IMAGE_FILTER_WIDTH_ = 0x7fffffff /**< none: makes the type 32 bits wide for every compiler */
} lacuna_image_filter;

/** What is done to a picture. Start from lacuna_image_transform_default(). */
typedef struct lacuna_image_transform {
  uint32_t struct_bytes; /**< sizeof(lacuna_image_transform) */
  uint32_t rotation;     /**< degrees by which the picture is turned clockwise: 0, 90, 180, 270 */
  uint32_t mirror;       /**< not 0: left and right change places, after the rotation */
  lacuna_image_filter filter;
  /** The part that becomes the result, in pixels of the turned picture; all 0: the whole. It may reach beyond the
   * picture, up to 32768 pixels to each side; what is there has the colour `fill`. */
  float crop_x, crop_y, crop_width, crop_height;
  float fill[3]; /**< red, green, blue, 0..255 */
  uint32_t bgr;  /**< not 0: channels of the result are blue, green, red */
  float mean[3]; /**< result = (value - mean) * scale for a value of 0..255, by channel of the result */
  float scale[3];
} lacuna_image_transform;

/** The whole picture, upright, BILINEAR, black fill, values 0..255. */
LACUNA_API lacuna_image_transform lacuna_image_transform_default(void);

/** How the `bytes` of a JPEG file say that its pixels must be turned to stand upright (Exif orientation; phones write
 * it instead of turning pixels): sets `rotation` (degrees clockwise: 0, 90, 180, 270) and `mirror` (0 or 1, after the
 * rotation) for the transform. Both are 0 when it does not say or is no JPEG. Decoders ignore it. */
LACUNA_API void lacuna_image_orientation(const void* jpeg, size_t bytes, uint32_t* rotation, uint32_t* mirror);

/** Makes a tensor of a picture. `target` has 3 channels or 1 and is [1, C, H, W], [1, H, W, C], or the same without the
 * first dimension; where both could be meant, 3 channels come before 1 and C before H. Strides are free, dtype is
 * LACUNA_F32, and all elements at `data` are written. With one channel it gets 0.299 R + 0.587 G + 0.114 B. The crop is
 * at most 64 times as large as the target in each direction. Errors: INVALID_ARGUMENT with what is wrong. */
LACUNA_API lacuna_status lacuna_image_to_tensor(const lacuna_image* image, const lacuna_image_transform* transform,
                                                const lacuna_tensor* target, lacuna_error* error);

/* ---------------------------------------------------------------- what a model wants */

/** How a model wants its pictures, as `lacuna convert --image` has stored it. */
typedef struct lacuna_preprocessing {
  uint32_t struct_bytes;   /**< set to sizeof(lacuna_preprocessing) before the call; only so much is written */
  uint32_t channels;       /**< 1 or 3 */
  uint32_t width, height;  /**< of the first input */
  float mean[3], scale[3]; /**< (value - mean) * scale, by channel of the input */
  uint32_t bgr;
  uint32_t resize_short_side; /**< the short side is resized to this, then the middle is cut out; 0: no cutting */
  uint32_t letterbox;         /**< not 0: the whole picture keeps its shape in the middle, the rest is black */
  lacuna_image_filter filter;
  uint32_t label_count;
} lacuna_preprocessing;

/** Errors: NO_PREPROCESSING when the model was converted without --image; INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_model_preprocessing(const lacuna_model* model, lacuna_preprocessing* preprocessing,
                                                    lacuna_error* error);

/** The name of class `index`, or NULL. Lives as long as the model. */
LACUNA_API const char* lacuna_model_label(const lacuna_model* model, size_t index);

/** The transform from such a picture, turned by `rotation` degrees clockwise, to the model's first input.
 * Errors: those of lacuna_model_preprocessing(), INVALID_ARGUMENT. */
LACUNA_API lacuna_status lacuna_image_transform_for_model(const lacuna_model* model, const lacuna_image* image,
                                                          uint32_t rotation, lacuna_image_transform* transform,
                                                          lacuna_error* error);

#ifdef __cplusplus
}
#endif

#endif /* LACUNA_LACUNA_IMAGE_H_ */
