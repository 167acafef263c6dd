/// How a router listens, what it keeps, and how long it waits.
package struct RouterConfiguration: Sendable {
    /// The public address; a port of 0 takes the port of the last run when it is free, or else any.
    package var host: String
    package var port: Int
    /// Holds the lock, the last table, the control socket and the address; made with mode 0700.
    package var stateFolder: String
    /// Event loops, each with connections of its own; nil for one a core.
    package var threads: Int?
    package var limits: RouterLimits
    package var timeouts: RouterTimeouts

    /// Takes the defaults that fit model servers on the same machine.
    package init(
        host: String = "127.0.0.1", port: Int = 0, stateFolder: String, threads: Int? = nil,
        limits: RouterLimits = RouterLimits(), timeouts: RouterTimeouts = RouterTimeouts()
    ) {
        self.host = host
        self.port = port
        self.stateFolder = stateFolder
        self.threads = threads
        self.limits = limits
        self.timeouts = timeouts
    }

    /// The socket that takes tables and tells the status.
    package var controlSocket: String { stateFolder + "/control.sock" }
}

/// What one request, and all together, may hold in memory.
package struct RouterLimits: Sendable {
    /// Bytes of a head, start line and empty line included.
    package var headBytes = 32 * 1024
    package var headerCount = 100
    package var targetBytes = 8 * 1024
    /// A body up to this many bytes is held until the answer begins, so that it can be sent again.
    package var replayBytes = 1024 * 1024
    /// Bytes held for replays by all requests of one event loop; beyond them bodies are passed on and not held.
    package var heldBytes = 64 * 1024 * 1024
    /// Idle connections kept to one endpoint by one event loop.
    package var idleConnections = 256
    /// Mirrored requests that wait in one event loop.
    package var mirrorQueue = 64
    /// Mirrored requests under way in one event loop.
    package var mirrorConcurrency = 8
    /// A mirrored request's body, and an answer that is compared, may have this many bytes.
    package var mirrorBytes = 1024 * 1024

    package init() {}
}

/// Every wait of the router.
package struct RouterTimeouts: Sendable {
    package var connect: Duration = .seconds(1)
    /// How long a request waits for the stable version's server to accept connections again, such as while it restarts.
    package var connectRetry: Duration = .seconds(2)
    /// Shorter than the idle time of common servers, of which uvicorn's 5 s is the shortest.
    package var upstreamIdle: Duration = .seconds(2)
    /// From the end of a request to the head of its answer.
    package var responseHead: Duration = .seconds(60)
    /// Without progress in either body.
    package var stall: Duration = .seconds(60)
    /// From a connection's first byte of a head to its last.
    package var requestHead: Duration = .seconds(15)
    /// A client's connection between two requests.
    package var clientIdle: Duration = .seconds(75)
    /// How long the requests in flight may take after the router was told to end.
    package var drain: Duration = .seconds(30)
    /// How often deadlines are looked at.
    package var tick: Duration = .milliseconds(100)

    package init() {}
}

/// What kept a router from starting, or a table from being taken.
package struct RouterError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another router holds the lock of this state folder; the address is in `router.json`.
        case alreadyRunning
        /// The address or the control socket cannot be bound.
        case cannotListen
        /// A file of the state folder cannot be read or written.
        case stateFolder
        case invalidTable
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
