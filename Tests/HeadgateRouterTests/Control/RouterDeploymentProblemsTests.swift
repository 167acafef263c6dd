import HeadgateCore
import Testing

@testable import HeadgateRouter

@Suite struct RouterDeploymentProblemsTests {
    private static let valid = RouterDeployment(
        prefix: "/team/wine", backends: ["a": RouterBackend(endpoints: ["127.0.0.1:1", "unix:/tmp/s", "[::1]:2"])],
        weights: ["a": 100], stable: "a")

    private static func changed(_ change: (inout RouterDeployment) -> Void) -> RouterDeployment {
        var deployment = valid
        change(&deployment)
        return deployment
    }

    @Test func `a sound table has no problems`() {
        #expect(Self.valid.problems(beside: ["other": "/team"]).isEmpty)
        #expect(Self.changed { $0.weights = [:] }.problems(beside: [:]).isEmpty)
    }

    @Test(arguments: [
        (changed { $0.prefix = "wine" }, "prefix"), (changed { $0.prefix = "/" }, "prefix"),
        (changed { $0.prefix = "/a/" }, "prefix"), (changed { $0.prefix = "/a//b" }, "prefix"),
        (changed { $0.prefix = "/a/../b" }, "prefix"), (changed { $0.prefix = "/a?b" }, "prefix"),
        (changed { $0.prefix = "/taken" }, "belongs to deployment 'other'"),
        (changed { $0.weights = ["a": 99] }, "add up to 99"), (changed { $0.weights = ["b": 100] }, "no backend"),
        (changed { $0.weights = ["a": 150, "b": -50] }, "not in 0...100"), (changed { $0.stable = "b" }, "stable 'b'"),
        (changed { $0.backends["a"]?.endpoints = [] }, "no endpoint"),
        (changed { $0.backends["a"]?.endpoints = ["nowhere"] }, "endpoint 'nowhere'"),
        (changed { $0.backends["a"]?.endpoints = ["h:70000"] }, "endpoint 'h:70000'"),
        (changed { $0.backends["a"]?.pathPrefix = "v1/" }, "pathPrefix"),
        (changed { $0.mirror = RouterMirror(version: "b", percent: 1, compare: .exact) }, "mirror 'b'"),
        (changed { $0.mirror = RouterMirror(version: "a", percent: 101, compare: .exact) }, "mirror's percent"),
        (changed { $0.routes = [RouterRoute(match: .header(name: "", value: ""), version: "a")] }, "no name"),
        (changed { $0.routes = [RouterRoute(match: .cookie(name: "a", value: ""), version: "b")] }, "route to 'b'"),
        (changed { $0.routes = [RouterRoute(match: .hashOfHeader(name: "a", percent: -1), version: "a")] }, "percent"),
    ])
    func `a problem is named`(_ deployment: RouterDeployment, _ problem: String) {
        let problems = deployment.problems(beside: ["other": "/taken"])
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }
}
