import Dispatch
package import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The process of a router: `headgate internal router`.
package enum RouterProcess {
    /// Runs a router until SIGTERM or until the task is cancelled, then drains it.
    ///
    /// It outlives whoever started it: a hang-up and an interrupt from a terminal are ignored.
    /// - Throws: ``RouterError`` when it cannot start.
    package static func run(
        configuration: RouterConfiguration, logger: Logger = Logger(label: "headgate.router")
    ) async throws {
        for ignored in [SIGHUP, SIGINT, SIGPIPE] { signal(ignored, SIG_IGN) }
        raiseFileLimit()
        let (terminated, termination) = AsyncStream.makeStream(of: Void.self)
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler { termination.finish() }
        source.resume()
        defer { source.cancel() }
        let router = try await Router.start(configuration, logger: logger)
        for await _ in terminated {}
        logger.notice("router ends")
        try await router.shutdown()
    }

    /// A connection is a file, and the usual 1024 are few for a proxy, whose every request takes two.
    private static func raiseFileLimit() {
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            guard getrlimit(files, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
            limit.rlim_cur = min(limit.rlim_max, 65_536)
            setrlimit(files, &limit)
        #endif
    }
}
