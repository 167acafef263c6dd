import NIOCore

/// The router's waits in the event loops' unit.
struct Waits {
    let connect: TimeAmount
    let connectRetry: TimeAmount
    let upstreamIdle: TimeAmount
    let responseHead: TimeAmount
    let stall: TimeAmount
    let requestHead: TimeAmount
    let clientIdle: TimeAmount

    init(_ timeouts: RouterTimeouts) {
        connect = TimeAmount(timeouts.connect)
        connectRetry = TimeAmount(timeouts.connectRetry)
        upstreamIdle = TimeAmount(timeouts.upstreamIdle)
        responseHead = TimeAmount(timeouts.responseHead)
        stall = TimeAmount(timeouts.stall)
        requestHead = TimeAmount(timeouts.requestHead)
        clientIdle = TimeAmount(timeouts.clientIdle)
    }
}
