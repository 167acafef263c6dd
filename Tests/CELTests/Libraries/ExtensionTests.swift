import Testing

@testable import CEL

/// The extension libraries, above all those that the conformance suite leaves out.
@Suite struct ExtensionTests {
    static func outcome(_ source: String) throws -> String {
        let environment = Environment()
        let program = try environment.compileUnchecked(source)
        let activation = Activation(environment)
        let plain = program.evaluatePlainly(activation, Meter(limits: program.limits)).result
        let whole = program.evaluate(activation).result
        #expect(plain.description == whole.description)
        if case .error(let error) = whole { return "error: \(error.kind)" }
        return whole.description
    }

    @Test(arguments: [
        ("[1, 2, 2, 3, 1].distinct()", "[1, 2, 3]"), ("[1, 1u, 1.0].distinct()", "[1]"),
        ("[[1], [1]].distinct()", "[[1]]"),
        ("[1, [2, [3, [4]]]].flatten()", "[1, 2, [3, [4]]]"), ("[1, [2, [3, [4]]]].flatten(2)", "[1, 2, 3, [4]]"),
        ("[[1], [2]].flatten(0)", "[[1], [2]]"), ("[1].flatten(-1)", "error: invalidArgument"),
        ("lists.range(3)", "[0, 1, 2]"), ("lists.range(-1)", "[]"), ("[1, 2, 3].reverse()", "[3, 2, 1]"),
        ("[1, 2, 3, 4].slice(1, 3)", "[2, 3]"), ("[1].slice(0, 0)", "[]"),
        ("[1].slice(1, 2)", "error: indexOutOfRange"),
        ("[1].slice(1, 0)", "error: indexOutOfRange"), ("[3, 1, 2].sort()", "[1, 2, 3]"),
        ("['b', 'a', 'é', 'B'].sort()", "['B', 'a', 'b', 'é']"), ("[1, 'a'].sort()", "error: invalidArgument"),
        ("[[2], [1]].sort()", "error: invalidArgument"), ("[].sort()", "[]"),
        ("['ccc', 'a', 'bb'].sortBy(s, s.size())", "['a', 'bb', 'ccc']"), ("[3, 1, 2].sortBy(n, -n)", "[3, 2, 1]"),
        ("[].first()", "optional.none()"), ("[1, 2].first()", "optional.of(1)"), ("[1, 2].last().value()", "2"),
    ])
    func `lists`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("[1, 2, 3].sum()", "6"), ("[1.5, 2.0].sum()", "3.5"), ("[].sum()", "0"),
        ("[1, 2.0].sum()", "error: noSuchOverload"),
        ("[duration('1s'), duration('2s')].sum()", "duration('3s')"),
        ("[9223372036854775807, 1].sum()", "error: overflow"),
        ("[3, 1, 2].min()", "1"), ("['a', 'c', 'b'].max()", "'c'"), ("[].max()", "error: invalidArgument"),
        ("[1, 2, 2].isSorted()", "true"), ("[2, 1].isSorted()", "false"), ("[].isSorted()", "true"),
        ("[1, 2, 1].indexOf(1)", "0"), ("[1, 2, 1].lastIndexOf(1)", "2"), ("[1].indexOf(5)", "-1"),
    ])
    func `Kubernetes' functions on lists`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("sets.contains([1, 2, 3], [2, 1, 1])", "true"), ("sets.contains([1], [1, 2])", "false"),
        ("sets.contains([], [])", "true"), ("sets.contains([1], [])", "true"),
        ("sets.equivalent([1, 1, 2], [2, 1])", "true"),
        ("sets.equivalent([1], [1u, 1.0])", "true"), ("sets.equivalent([1], [1, 2])", "false"),
        ("sets.intersects([1, 2], [2, 3])", "true"), ("sets.intersects([1], [2])", "false"),
        ("sets.intersects([], [1])", "false"),
    ])
    func `sets`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("regex.replace('hello world', 'l+', 'L')", "'heLo worLd'"), ("regex.replace('abc', 'b', 'x', 0)", "'abc'"),
        ("regex.replace('banana', 'a', 'x', 2)", "'bxnxna'"), ("regex.replace('banana', 'a', 'x', -1)", "'bxnxnx'"),
        ("regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1 \\0 \\\\')", "'ba fo foo bar \\\\'"),
        ("regex.replace('a', '(a)', r'\\2')", "error: invalidArgument"),
        ("regex.replace('a', 'a', r'\\')", "error: invalidArgument"),
        ("regex.replace('a', '(', '')", "error: invalidArgument"), ("regex.replace('äb', '', '-')", "'-ä-b-'"),
        ("regex.extract('item-12 x-3', 'item-([0-9]+)')", "optional.of('12')"),
        ("regex.extract('abc', 'b.')", "optional.of('bc')"),
        ("regex.extract('abc', 'x')", "optional.none()"), ("regex.extract('abc', '(a)(b)')", "error: invalidArgument"),
        ("regex.extractAll('id:1, id:22', 'id:([0-9]+)')", "['1', '22']"), ("regex.extractAll('abc', 'x')", "[]"),
        ("'abc 123 def 45'.find('[0-9]+')", "'123'"), ("'abc'.find('x')", "''"),
        ("'a1b22c333'.findAll('[0-9]+')", "['1', '22', '333']"), ("'a1b22'.findAll('[0-9]+', 1)", "['1']"),
    ])
    func `regular expressions`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("quantity('1.5Gi').asInteger()", "1610612736"), ("quantity('50k').isGreaterThan(quantity('49999'))", "true"),
        ("quantity('1Ki') == quantity('1024')", "true"), ("quantity('1').add(2).compareTo(quantity('3'))", "0"),
        ("quantity('100m').sub(quantity('50m')).asApproximateFloat()", "0.05"), ("quantity('-1').sign()", "-1"),
        ("isQuantity('1.5Gi')", "true"), ("isQuantity('1.5 Gi')", "false"), ("quantity('x')", "error: invalidArgument"),
        ("quantity('100m').isInteger()", "false"), ("quantity('100m').asInteger()", "error: overflow"),
        ("semver('1.2.3').major()", "1"), ("semver('1.2.3').isLessThan(semver('1.10.0'))", "true"),
        ("semver('1.0.0-rc.1').compareTo(semver('1.0.0'))", "-1"), ("isSemver('v1.0')", "false"),
        ("isSemver('v1.0', true)", "true"), ("semver('v1.2', true).patch()", "0"),
        ("semver('1')", "error: invalidArgument"),
        ("url('https://example.com:80/a%20b?x=1&x=2&y=').getHost()", "'example.com:80'"),
        ("url('https://example.com:80/path').getHostname()", "'example.com'"),
        ("url('https://example.com:80/p').getPort()", "'80'"),
        ("url('https://e.com/p?x=1&x=2').getQuery()", "{'x': ['1', '2']}"),
        ("url('https://e.com/p').getScheme()", "'https'"),
        ("isURL('https://e.com')", "true"), ("isURL('../relative')", "false"),
    ])
    func `quantities, versions and URLs`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("optional.unwrap([optional.of(1), optional.none()])", "[1]"), ("[optional.of('a')].unwrapOpt()", "['a']"),
        ("optional.none().value()", "error: invalidArgument"), ("optional.of(1).orValue(1 / 0)", "1"),
        ("optional.of(1).or(1 / 0)", "optional.of(1)"), ("optional.none().orValue(1 / 0)", "error: divisionByZero"),
        ("math.sqrt(49)", "7.0"), ("math.abs(-9223372036854775808)", "error: overflow"),
        ("math.sqrt(-1.0)", "double('NaN')"),
        ("'abc'.split('', 2)", "['a', 'bc']"), ("'a,b,c'.split(',', 2)", "['a', 'b,c']"),
        ("'abc'.replace('', '_')", "'_a_b_c_'"),
        ("'abc'.charAt(3)", "''"), ("'abc'.charAt(4)", "error: indexOutOfRange"),
        ("'%.2001f'.format([1.0])", "error: invalidArgument"),
        ("'%'.format([])", "error: invalidArgument"), ("'%q'.format([1])", "error: invalidArgument"),
        ("base64.decode('***')", "error: invalidArgument"), ("{'a': 1}.transformMapEntry(k, v, {v: k})", "{1: 'a'}"),
        ("[1, 2].transformMapEntry(i, v, {'k': v})", "error: invalidArgument"), ("cel.bind(x, 1 / 0, 1)", "1"),
        ("cel.bind(x, 1 / 0, x)", "error: divisionByZero"),
        ("'a' in ['a','b','c','d','e','f','g','h','i','j']", "true"),
        ("'z' in ['a','b','c','d','e','f','g','h','i','j']", "false"),
        ("1 in ['a','b','c','d','e','f','g','h','i','j']", "false"),
        ("'\\u00e9' == 'e\\u0301'", "false"), ("size('e\\u0301')", "2"), ("{'\\u00e9': 1, 'e\\u0301': 2}.size()", "2"),
        ("timestamp('2024-02-29T23:30:00Z').getDayOfYear('America/New_York')", "59"),
        ("timestamp('2024-07-01T00:00:00Z').getHours('Europe/Oslo')", "2"),
        ("timestamp(0).getHours('No/Where')", "error: invalidArgument"),
    ])
    func `corners of the other libraries`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test func `a caller's function is called with arguments that fit`() throws {
        var environment = Environment()
        environment.declare(function: "twice", Overload([.int], .int, isMember: true)) {
            (arguments) throws(EvaluationError) in
            guard case .int(let number) = arguments[0] else { throw EvaluationError(.invalidArgument, "no int") }
            return .int(number * 2)
        }
        environment.declare("limit", constant: .int(42))
        #expect(
            try environment.compile("21.twice() == limit").evaluate(Activation(environment)).result.description
                == "true")
        #expect(throws: CompilationError.self) { try environment.compile("'a'.twice()") }
    }
}
