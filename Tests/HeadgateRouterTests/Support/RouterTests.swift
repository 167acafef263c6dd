import Testing

/// The tests that send requests through a router, one after the other: each keeps every core busy, and waits.
@Suite(.serialized) struct RouterTests {}
