/* What the C library's headers ask of an Android compiler: the API level that is built for. */
#pragma once
#ifndef __ANDROID_API__
#define __ANDROID_API__ 21
#endif
