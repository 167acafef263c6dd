import Glibc

/// Ports for model servers, below those that the kernel gives to outgoing connections.
enum LoopbackPort {
    private static let range = 20000..<32000

    /// A port that nobody listens on now and that is not among those given out.
    static func free(except taken: Set<Int>) -> Int? {
        for _ in 0..<2000 {
            let port = Int.random(in: range)
            if !taken.contains(port), isFree(port) { return port }
        }
        return nil
    }

    /// Whether a server could bind it now.
    static func isFree(_ port: Int) -> Bool {
        withSocket(port) { descriptor, address, size in
            // Connections that linger from an earlier server do not count.
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            return bind(descriptor, address, size) == 0
        }
    }

    /// Whether a server accepts connections there, or is too busy to; never takes the port from one that starts.
    static func isListening(_ port: Int) -> Bool {
        withSocket(port) { descriptor, address, size in
            var limit = timeval(tv_sec: 0, tv_usec: 20_000)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            return connect(descriptor, address, size) == 0 || errno == EINPROGRESS || errno == EAGAIN
        }
    }

    private static func withSocket(
        _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, size) }
        }
    }
}
