// Written by policies/embed.py from policies/canary-health; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let canaryHealth = Entry(
        name: "canary-health", at: ["rollout"], action: "deny",
        about: "A candidate whose errors and latency under real traffic are no worse than the stable version's.",
        reports: [],
        files: [
            "canary-health/README.md":
            #"""
            # Canary health

            Before a candidate gets more traffic, it must have answered `minRequests`, with an error rate at most `errorRate` above
            the stable version's and a 99th percentile of latency at most `latency` times as long. Until there are enough requests
            it waits. The very first requests are let through, since there is nothing to judge yet.

            | | |
            |---|---|
            | needs | a target that counts requests |
            | no counts | `inconclusive` |
            | nothing served before | only the number of requests counts |

            A strategy's `checks` can do the same and stop a rollout; this is for those who may not leave it out.

            """#,
            "canary-health/policy.yaml":
            #"""
            # A candidate whose errors and latency under real traffic are no worse than the stable version's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: canary-health}
            spec:
              at: [rollout]
              action: deny
              params:
                minRequests: 200            # of the candidate, before it may get more traffic
                errorRate: 0.01             # how much higher its error rate may be
                latency: 1.25               # how many times as long its 99th percentile may be
              rules:
              # Before it takes any traffic there is nothing to judge.
              - name: requests
                expression: traffic.weight == 0 || traffic.candidate.requests >= params.minRequests
                messageExpression: "'only ' + string(traffic.candidate.requests) + ' requests so far'"
              - name: errors
                expression: >-
                  traffic.weight == 0
                  || traffic.candidate.requests < params.minRequests
                  || champion == null
                  || traffic.candidate.errorRate <= traffic.stable.errorRate + double(params.errorRate)
                messageExpression: >-
                  'errors: ' + string(traffic.candidate.errorRate) + ' of requests, stable ' + string(traffic.stable.errorRate)
              - name: latency
                expression: >-
                  traffic.weight == 0
                  || traffic.candidate.requests < params.minRequests
                  || champion == null
                  || traffic.candidate.latency.p99 <= double(params.latency) * traffic.stable.latency.p99
                messageExpression: >-
                  'p99 ' + string(traffic.candidate.latency.p99) + ' s, stable ' + string(traffic.stable.latency.p99) + ' s'

            """#,
            "canary-health/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: canary-health}
            spec:
              policy: canary-health
              evidence:
                champion: {size: 1}
                traffic:
                  weight: 10
                  stable: {requests: 9000, errorRate: 0.001, latency: {p99: 0.1}}
              cases:
              - name: before it takes traffic
                evidence: {traffic: {weight: 0, candidate: {requests: 0}}}
                expect: pass
                cost: 100
              - name: healthy
                evidence: {traffic: {candidate: {requests: 1000, errorRate: 0.002, latency: {p99: 0.11}}}}
                expect: pass
              - name: too few requests
                evidence: {traffic: {candidate: {requests: 20, errorRate: 0.9, latency: {p99: 0.11}}}}
                expect: {verdict: fail, message: only 20 requests so far, rules: {errors: pass, latency: pass}}
              - name: errors
                evidence: {traffic: {candidate: {requests: 1000, errorRate: 0.05, latency: {p99: 0.11}}}}
                expect: {verdict: fail, message: "errors: 0.05 of requests, stable 0.001"}
              - name: slow
                evidence: {traffic: {candidate: {requests: 1000, errorRate: 0, latency: {p99: 0.2}}}}
                expect: {verdict: fail, message: "p99 0.2 s, stable 0.1 s"}
              - name: the first version has nothing to be compared with
                evidence: {champion: null, traffic: {candidate: {requests: 1000, errorRate: 0, latency: {p99: 0.2}}}}
                expect: pass
              - name: nothing is counted
                evidence: {traffic: {candidate: null, stable: null}}
                expect: {verdict: inconclusive, reason: traffic.candidate}

            """#,
        ])
}
