import NIOCore
import Testing

@testable import HeadgateRouter

private let limits = HeadReader.Limits(bytes: 1024, fields: 8, target: 128)

private func read(_ text: String) -> HeadReader.Outcome {
    var reader = HeadReader(limits: limits, readsRequests: true)
    var buffer = ByteBuffer(string: text)
    return reader.next(&buffer)
}

private func status(_ outcome: HeadReader.Outcome) -> Int? {
    switch outcome {
    case .incomplete: nil
    case .head: 200
    case .problem(let problem): problem.status
    }
}

@Suite struct HeadReaderTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var head: String
        var status: Int?
        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(name: "a plain request", head: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", status: 200),
        Case(name: "HTTP/1.0 without Host", head: "GET /a HTTP/1.0\r\n\r\n", status: 200),
        Case(name: "an absolute target", head: "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", status: 200),
        Case(name: "an empty line before", head: "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", status: 200),
        Case(name: "half a head", head: "GET /a HTTP/1.1\r\nHost: x\r\n", status: nil),
        Case(name: "no Host", head: "GET /a HTTP/1.1\r\n\r\n", status: 400),
        Case(name: "two Hosts", head: "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", status: 400),
        Case(name: "LF alone", head: "GET /a HTTP/1.1\nHost: x\n\n", status: 400),
        Case(name: "LF alone within", head: "GET /a HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", status: 400),
        Case(name: "CR within a value", head: "GET /a HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", status: 400),
        Case(name: "NUL in a value", head: "GET /a HTTP/1.1\r\nHost: x\r\nA: b\0\r\n\r\n", status: 400),
        Case(name: "a folded line", head: "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", status: 400),
        Case(name: "a space before the colon", head: "GET /a HTTP/1.1\r\nHost : x\r\n\r\n", status: 400),
        Case(name: "a line without colon", head: "GET /a HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", status: 400),
        Case(name: "no name", head: "GET /a HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", status: 400),
        Case(name: "two spaces", head: "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "no version", head: "GET /a\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "HTTP/2", head: "PRI * HTTP/2.0\r\n\r\n", status: 505),
        Case(name: "CONNECT's target", head: "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "TLS", head: "\u{16}\u{03}\u{01}\r\n\r\n", status: 400),
        Case(
            name: "both framings",
            head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
            status: 400),
        Case(
            name: "both framings, the other way",
            head: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", status: 400),
        Case(
            name: "a length twice",
            head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", status: 400),
        Case(
            name: "a list of lengths", head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\n", status: 400),
        Case(
            name: "a length with a sign", head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\n", status: 400),
        Case(name: "a negative length", head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", status: 400),
        Case(name: "a length in hex", head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\n", status: 400),
        Case(
            name: "a length beyond 64 bits",
            head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", status: 400),
        Case(name: "an empty length", head: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", status: 400),
        Case(name: "gzip encoding", head: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", status: 501),
        Case(
            name: "two encodings", head: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            status: 501),
        Case(
            name: "chunked twice",
            head: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            status: 501),
        Case(name: "chunked in HTTP/1.0", head: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", status: 400),
        Case(name: "an odd expectation", head: "GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n", status: 417),
        Case(name: "a dot segment", head: "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "an encoded dot segment", head: "GET /a/%2E%2e/b HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "an encoded slash by a dot segment", head: "GET /a/..%2fb HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Case(name: "dots in names", head: "GET /a/.b/c..d/... HTTP/1.1\r\nHost: x\r\n\r\n", status: 200),
        Case(name: "dots in the query", head: "GET /a?b=/../c HTTP/1.1\r\nHost: x\r\n\r\n", status: 200),
        Case(
            name: "a long target", head: "GET /\(String(repeating: "a", count: 128)) HTTP/1.1\r\nHost: x\r\n\r\n",
            status: 414),
        Case(
            name: "a large head",
            head: "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 1024))\r\n\r\n", status: 431),
        Case(
            name: "a large head without end", head: "GET / HTTP/1.1\r\nA: \(String(repeating: "a", count: 1024))",
            status: 431),
        Case(
            name: "many fields", head: "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "A: b\r\n", count: 8))\r\n",
            status: 431),
    ])
    func `a head is taken, awaited or refused with its status`(_ test: Case) {
        #expect(status(read(test.head)) == test.status)
    }

    @Test func `a head that comes byte by byte is read once it is whole`() {
        let text =
            "POST /x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nConnection: x-mine , close\r\nX-Mine: 1\r\n\r\n"
        var reader = HeadReader(limits: limits, readsRequests: true)
        var buffer = ByteBuffer()
        for (index, byte) in text.utf8.enumerated() {
            buffer.writeInteger(byte)
            guard case .head(let head) = reader.next(&buffer) else { continue }
            #expect(index == text.utf8.count - 1)
            #expect(head.contentLength == 12)
            #expect(head.saysClose)
            #expect(head.fields.map(\.kind) == [.host, .contentLength, .connection, .hopByHop])
            return
        }
        Issue.record("the head was not read")
    }

    @Test func `naming a framing field in Connection does not take it away`() {
        let text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: content-length, host\r\n\r\n"
        guard case .head(let head) = read(text) else {
            Issue.record("the head was not read")
            return
        }
        #expect(head.fields.map(\.kind) == [.host, .contentLength, .connection])
    }

    @Test func `a cookie is found among others`() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; bc=2;b=3; c=\r\n\r\n"
        guard case .head(let head) = read(text) else {
            Issue.record("the head was not read")
            return
        }
        #expect(head.cookie(Array("b".utf8)).map { String(buffer: $0) } == "3")
        #expect(head.cookie(Array("c".utf8)).map { String(buffer: $0) } == "")
        #expect(head.cookie(Array("d".utf8)) == nil)
        #expect(head.value(of: Array("host".utf8)).map { String(buffer: $0) } == "h")
    }
}

@Suite struct BodyFramerTests {
    struct Case: CustomTestStringConvertible {
        var body: String
        /// Nil for a malformed body.
        var data: String?
        var rest = ""
        var testDescription: String { body }
    }

    @Test(
        arguments: [
            Case(body: "3\r\nabc\r\n0\r\n\r\n", data: "abc"),
            Case(body: "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\nGET", data: "abc0123456789", rest: "GET"),
            Case(body: "0\r\n\r\n", data: ""),
            Case(body: "3\nabc\r\n0\r\n\r\n", data: nil),
            Case(body: "3\r\nabcd\r\n0\r\n\r\n", data: nil),
            Case(body: "3 \r\nabc\r\n0\r\n\r\n", data: nil),
            Case(body: "0x3\r\nabc\r\n0\r\n\r\n", data: nil),
            Case(body: "-3\r\nabc\r\n0\r\n\r\n", data: nil),
            Case(body: "\r\n", data: nil),
            Case(body: ";a\r\n", data: nil),
            Case(body: "ffffffffffffffffff\r\n", data: nil),
            Case(body: "3\r\nabc\n\n0\r\n\r\n", data: nil),
            Case(body: "0\r\nT: v\n\r\n", data: nil),
        ], [1, 2, 7, 1000])
    func `chunks are read strictly, however they arrive`(_ test: Case, step: Int) {
        var framer = BodyFramer(.chunked)
        var buffer = ByteBuffer()
        var source = ByteBuffer(string: test.body)
        var data = ""
        while let part = source.readSlice(length: min(step, source.readableBytes)), part.readableBytes > 0 {
            buffer.writeImmutableBuffer(part)
            reading: while true {
                switch framer.next(&buffer) {
                case .needsMore: break reading
                case .data(let piece): data += String(buffer: piece)
                case .problem:
                    #expect(test.data == nil)
                    return
                case .end:
                    #expect(data == test.data)
                    #expect(String(buffer: buffer) + String(buffer: source) == test.rest)
                    return
                }
            }
        }
        Issue.record("the body was neither ended nor refused")
    }

    @Test func `a length leaves the bytes of the next message`() {
        var framer = BodyFramer(.length(3))
        var buffer = ByteBuffer(string: "abcdef")
        guard case .data(let data) = framer.next(&buffer), case .end = framer.next(&buffer) else {
            Issue.record("the body was not read")
            return
        }
        #expect(String(buffer: data) == "abc")
        #expect(String(buffer: buffer) == "def")
    }
}
