// What the pages of reports have in common.
#pragma once

#include <string>

namespace lacuna {

/// Text as HTML shows it; control characters become spaces.
std::string escaped(const std::string& text);

/// Two digits behind the point.
std::string number_text(double x);

/// A page up to and with <body>: style and title.
std::string page_head(const std::string& title);

}  // namespace lacuna
