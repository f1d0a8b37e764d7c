// The web page, page.html.
#pragma once

namespace camera {

extern const char kPage[];
extern const unsigned long kPageBytes;

}  // namespace camera
