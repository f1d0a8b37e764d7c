/* XNNPACK as a provider of dense kernels: an optional part (target lacuna::xnnpack, where the build has it). */
#ifndef LACUNA_LACUNA_XNNPACK_H_
#define LACUNA_LACUNA_XNNPACK_H_

#include "lacuna/lacuna.h"

#ifdef __cplusplus
extern "C" {
#endif

/** For lacuna_session_options.provider. Takes regions of 2-D convolutions with dense weights, and max pools among them.
 * NULL when XNNPACK does not run on this CPU. Static storage; callable from anywhere. */
const lacuna_provider* lacuna_xnnpack(void);

#ifdef __cplusplus
}
#endif

#endif /* LACUNA_LACUNA_XNNPACK_H_ */
