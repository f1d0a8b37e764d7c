// A web page with the moving picture: a small HTTP server of its own in one thread.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "failure.h"
#include "jpeg.h"
#include "page.h"
#include "sink.h"

namespace camera {
namespace {

constexpr int kPictureSide = 640;
constexpr int kJpegQuality = 75;
constexpr size_t kMaxClients = 16;
constexpr size_t kMaxRequestBytes = 8 << 10;
constexpr char kBoundary[] = "picture";

struct Address {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  bool is_loopback() const { return host.compare(0, 4, "127.") == 0; }
};

Address parse_address(const std::string& text) {
  Address address;
  if (text.empty()) return address;
  const size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (colon != std::string::npos && colon > 0) address.host = text.substr(0, colon);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long number = digits ? std::stoul(port) : 65536;
  if (number > 65535) throw UsageFailure("--sink web:" + text + ": give web, web:PORT or web:ADDRESS:PORT");
  address.port = static_cast<uint16_t>(number);
  return address;
}

/// One connection. It has one request; then the answer, or pictures without end.
struct Client {
  int socket = -1;
  std::vector<char> request;
  std::vector<char> answer;
  size_t sent = 0;
  bool streams = false;
  size_t picture = 0;  ///< number of the last one sent

  void open(int new_socket) {
    socket = new_socket;
    request.clear();
    answer.clear();
    sent = 0;
    streams = false;
    picture = 0;
  }
  void close() {
    if (socket >= 0) ::close(socket);
    socket = -1;
  }
  bool is_sending() const { return sent < answer.size(); }
  void add(const char* bytes, size_t count) { answer.insert(answer.end(), bytes, bytes + count); }
  void add_header(const char* status, const char* type, size_t bytes) {
    char text[256];
    const int length =
        std::snprintf(text, sizeof(text),
                      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                      "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n"
                      "Connection: close\r\n\r\n",
                      status, type, bytes);
    add(text, static_cast<size_t>(length));
  }
  void add_answer(const char* status, const char* type, const char* body, size_t bytes) {
    add_header(status, type, bytes);
    add(body, bytes);
  }
};

/// Whether a browser asked for this machine. A page elsewhere whose name somebody pointed at 127.0.0.1 must not see the
/// camera.
bool is_for_loopback(const std::vector<char>& request) {
  std::string text(request.begin(), request.end());
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static constexpr char kKey[] = "\r\nhost:";
  size_t at = text.find(kKey);
  if (at == std::string::npos) return true;  // no browser
  at = text.find_first_not_of(' ', at + std::strlen(kKey));
  return text.compare(at, 4, "127.") == 0 || text.compare(at, 9, "localhost") == 0;
}

class WebSink : public Sink {
 public:
  explicit WebSink(const Address& address) : on_loopback_(address.is_loopback()) {
    listener_ = listen_at(address);
    if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) throw Failure("the system gives no pipe");
    json_.resize(kJsonBytes);
    for (Client& client : clients_) client.request.reserve(kMaxRequestBytes);
    server_ = std::thread([this] { serve(); });
  }
  ~WebSink() override {
    ending_ = true;
    wake();
    server_.join();
    for (Client& client : clients_) client.close();
    for (const int file : {listener_, wake_[0], wake_[1]}) ::close(file);
  }

  int picture_side() const override { return kPictureSide; }

  void show(const Report& report, Canvas& canvas) override {
    const bool watched = viewers_ > 0;
    if (watched) encoder_.encode(canvas.picture(), encoded_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (watched) std::swap(encoded_, jpeg_);
      json_bytes_ = format_json(report, json_.data(), json_.size());
      ++pictures_;
    }
    wake();
  }
  bool wants_switch() override { return switch_.exchange(false); }

 private:
  static int listen_at(const Address& address) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(address.port);
    const std::string name = address.host + ":" + std::to_string(address.port);
    if (::inet_pton(AF_INET, address.host.c_str(), &at.sin_addr) != 1) {
      ::close(listener);
      throw UsageFailure("--sink web: " + address.host +
                         " is no IPv4 address; 127.0.0.1 is this machine alone, 0.0.0.0 everybody");
    }
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0 || ::listen(listener, 8) != 0) {
      const std::string reason = std::strerror(errno);
      ::close(listener);
      throw Failure(name + ": cannot be listened at: " + reason + "; another port: --sink web:127.0.0.1:PORT");
    }
    socklen_t size = sizeof(at);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    std::fprintf(stderr, "open http://%s:%d/ in a browser\n", address.host.c_str(), ntohs(at.sin_port));
    if (!address.is_loopback()) {
      std::fprintf(stderr, "warning: everybody who reaches this machine on the network can watch\n");
    }
    return listener;
  }

  void wake() {
    const char byte = 0;
    if (::write(wake_[1], &byte, 1) < 0) return;  // full: it will wake anyway
  }

  void serve() {
    std::array<pollfd, kMaxClients + 2> waiting;
    while (!ending_) {
      waiting[0] = {listener_, POLLIN, 0};
      waiting[1] = {wake_[0], POLLIN, 0};
      for (size_t i = 0; i < kMaxClients; ++i) {
        feed(clients_[i]);
        const auto events = static_cast<short>(clients_[i].is_sending() ? POLLIN | POLLOUT : POLLIN);
        waiting[i + 2] = {clients_[i].socket, events, 0};
      }
      if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if (waiting[1].revents != 0) drain_wakes();
      for (size_t i = 0; i < kMaxClients; ++i) {
        Client& client = clients_[i];
        if (client.socket < 0) continue;
        if ((waiting[i + 2].revents & (POLLIN | POLLERR | POLLHUP)) != 0) receive(client);
        if (client.socket >= 0 && client.is_sending()) send(client);
      }
      if (waiting[0].revents != 0) accept();
    }
  }

  void drain_wakes() {
    char bytes[64];
    while (::read(wake_[0], bytes, sizeof(bytes)) > 0) continue;
  }

  void accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    for (Client& client : clients_) {
      if (client.socket < 0) return client.open(socket);
    }
    ::close(socket);  // too many
  }

  void close(Client& client) {
    if (client.streams) --viewers_;
    client.streams = false;
    client.close();
  }

  void receive(Client& client) {
    char bytes[1024];
    const ssize_t got = ::recv(client.socket, bytes, sizeof(bytes), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || client.request.size() + static_cast<size_t>(got) > kMaxRequestBytes) return close(client);
    if (client.streams || !client.answer.empty()) return;  // one request a connection
    client.request.insert(client.request.end(), bytes, bytes + got);
    static constexpr char kEnd[] = "\r\n\r\n";
    if (std::search(client.request.begin(), client.request.end(), kEnd, kEnd + 4) != client.request.end())
      answer(client);
  }

  void answer(Client& client) {
    const auto asks = [&](const char* line) {
      const size_t length = std::strlen(line);
      return client.request.size() > length && std::memcmp(client.request.data(), line, length) == 0;
    };
    if (on_loopback_ && !is_for_loopback(client.request)) {
      client.add_answer("403 Forbidden", "text/plain", "not from here\n", 14);
    } else if (asks("GET / ")) {
      client.add_answer("200 OK", "text/html; charset=utf-8", kPage, kPageBytes);
    } else if (asks("GET /stream ")) {
      char text[256];
      const int length = std::snprintf(text, sizeof(text),
                                       "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=%s\r\n"
                                       "Cache-Control: no-store\r\nCross-Origin-Resource-Policy: same-origin\r\n"
                                       "Connection: close\r\n\r\n--%s\r\n",
                                       kBoundary, kBoundary);
      client.add(text, static_cast<size_t>(length));
      client.streams = true;
      ++viewers_;
    } else if (asks("GET /report ")) {
      const std::lock_guard<std::mutex> lock(mutex_);
      client.add_answer("200 OK", "application/json", json_bytes_ == 0 ? "{}" : json_.data(),
                        json_bytes_ == 0 ? 2 : json_bytes_);
    } else if (asks("POST /switch ")) {
      switch_ = true;
      client.add_answer("200 OK", "text/plain", "", 0);
    } else if (asks("GET /favicon.ico ")) {
      client.add_answer("204 No Content", "image/x-icon", "", 0);
    } else {
      client.add_answer("404 Not Found", "text/plain", "not found\n", 10);
    }
  }

  /// Gives a watching client that has nothing left to send the newest picture: a slow one misses some.
  void feed(Client& client) {
    if (client.socket < 0 || !client.streams || client.is_sending()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (client.picture == pictures_ || jpeg_.empty()) return;
    client.picture = pictures_;
    client.answer.clear();
    client.sent = 0;
    char text[128];
    int length =
        std::snprintf(text, sizeof(text), "Content-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", jpeg_.size());
    client.add(text, static_cast<size_t>(length));
    client.add(reinterpret_cast<const char*>(jpeg_.data()), jpeg_.size());
    length = std::snprintf(text, sizeof(text), "\r\n--%s\r\n", kBoundary);
    client.add(text, static_cast<size_t>(length));
  }

  void send(Client& client) {
    const ssize_t put =
        ::send(client.socket, client.answer.data() + client.sent, client.answer.size() - client.sent, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return close(client);
    if (put > 0) client.sent += static_cast<size_t>(put);
    if (!client.is_sending() && !client.streams) {
      ::shutdown(client.socket, SHUT_RDWR);
      close(client);
    }
  }

  const bool on_loopback_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::array<Client, kMaxClients> clients_;  ///< the server's own
  std::atomic<int> viewers_{0};
  std::atomic<bool> ending_{false}, switch_{false};
  JpegEncoder encoder_{kJpegQuality};
  std::vector<uint8_t> encoded_;
  std::mutex mutex_;  ///< guards what follows
  std::vector<uint8_t> jpeg_;
  std::vector<char> json_;
  size_t json_bytes_ = 0;
  size_t pictures_ = 0;
  std::thread server_;
};

}  // namespace

std::unique_ptr<Sink> open_web(const std::string& address) { return std::make_unique<WebSink>(parse_address(address)); }

}  // namespace camera
