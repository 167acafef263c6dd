import Testing

@testable import CEL

/// Constants that can never be used are refused when an expression is compiled.
@Suite struct ConstantTests {
    private static let environment: Environment = {
        var environment = Environment()
        environment.declare("text", .string)
        environment.declare("time", .timestamp)
        environment.declare("flag", .bool)
        environment.declare("anything", .dyn)
        return environment
    }()

    private static func refusals(_ source: String) -> [String] {
        do throws(CompilationError) {
            _ = try environment.compile(source)
            return []
        } catch {
            return error.diagnostics.map { "\($0.location.line):\($0.location.column): \($0.message)" }
        }
    }

    @Test(arguments: [
        ("flag &&\n  text.matches('a(b')", "2:18: the regular expression is wrong: missing closing )"),
        ("flag && text.matches('a' + '[')", "1:22: the regular expression is wrong: missing closing ]"),
        ("text.matches(r'\\q')", "1:16: the regular expression is wrong"),
        ("matches(text, '*')", "1:16: the regular expression is wrong"),
        ("anything.matches('(')", "1:19: the regular expression is wrong"),
        ("[text].exists(t, t.matches('('))", "1:29: the regular expression is wrong"),
        ("text.find('(')", "1:12: the regular expression is wrong"),
        ("text.findAll('(', 2) == []", "1:15: the regular expression is wrong"),
        ("regex.replace(text, '(', 'b')", "1:22: the regular expression is wrong"),
        ("regex.extract(text, '(a)(b)')", "1:21: the regular expression may have one capturing group, not 2"),
        ("time > timestamp('2026-13-01T00:00:00Z')", "1:18: '2026-13-01T00:00:00Z' is no timestamp"),
        ("time > timestamp('2026-03-01')", "1:18: '2026-03-01' is no timestamp such as 2026-01-31T12:00:00Z"),
        ("time - time > duration('1 hour')", "1:24: '1 hour' is no duration such as 1h30m, 45s or 250ms"),
        ("time - time > duration('7d')", "1:24: '7d' is no duration"),
        ("time.getHours('Europe/Berln') < 12", "1:15: there is no time zone 'Europe/Berln'"),
        ("cidr('10.0.0.0/8').containsIP(ip(text)) && ip('10.0.0.256') == ip(text)", "1:47: "),
        ("quantity('1Zi').isLessThan(quantity(text))", "1:10: '1Zi' is no quantity"),
        ("semver('1.x').isLessThan(semver(text))", "1:8: '1.x' is no semantic version"),
        ("flag || true && timestamp('x') < time", "1:27: 'x' is no timestamp"),
    ])
    func `a constant that no evidence can save is refused where it stands`(source: String, refusal: String) throws {
        let found = Self.refusals(source)
        #expect(found.count == 1 && found[0].hasPrefix(refusal), "\(found)")
    }

    @Test func `several are told at once, each once`() {
        #expect(Self.refusals("time > timestamp('a') && text.matches('(') && time < timestamp('b')").count == 3)
    }

    @Test(arguments: [
        "text.matches('^a(b|c)+$')", "time > timestamp('2026-03-01T00:00:00Z')", "time - time < duration('-1.5h')",
        "time.getHours('Europe/Berlin') < time.getHours('+05:30')", "text.matches(text)", "time < timestamp(text)",
        "regex.extract(text, '(a)b').orValue('') == 'a'", "semver('v1.2', true).isLessThan(semver(text))",
        "timestamp(0) < time", "ip('::1') == ip(text)",
    ])
    func `what may be right is not refused`(source: String) {
        #expect(Self.refusals(source) == [])
    }

    @Test func `without a check they are errors of evaluation, as the language says`() throws {
        let activation = Activation(Self.environment)
        activation["text"] = .string("a")
        let refused = try Self.environment.compileUnchecked("text.matches('(')")
        #expect(refused.evaluate(activation).result.description.hasPrefix("error: the regular expression is wrong"))
        let absorbed = try Self.environment.compileUnchecked("text == 'a' || text.matches('(')")
        #expect(absorbed.evaluate(activation).value?.description == "true")
    }

    @Test(arguments: [
        "text.find('a+')", "text.findAll('a')", "text.findAll('a', 1)", "regex.extract(text, 'b(a)')",
        "regex.extractAll(text, 'a')", "regex.replace(text, 'a', 'c')", "regex.replace(text, '(a)', '\\\\1\\\\1', 1)",
        "text.find('a' + 'b')", "regex.replace(text, 'a', '\\\\1') == ''",
    ])
    func `a prepared expression gives and costs what one does that is read each time`(source: String) throws {
        let program = try Self.environment.compile(source)
        let activation = Activation(Self.environment)
        activation["text"] = .string("abaab")
        let meter = Meter(limits: program.limits)
        let fast = program.evaluate(activation)
        let plain = program.evaluatePlainly(activation, meter)
        #expect(fast.result.description == plain.result.description)
        #expect(fast.cost == plain.cost)
    }
}
