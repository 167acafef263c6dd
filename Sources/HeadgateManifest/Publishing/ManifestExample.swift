package import HeadgateCore

/// An example of each kind of manifest, in the reference and for new repositories.
package enum ManifestExample {
    /// A document of the kind that decodes without a word.
    package static func text(_ kind: Kind) -> String {
        switch kind {
        case .model: model
        case .policy: policy
        case .deployment: deployment
        case .target: target
        }
    }

    private static let model = """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata:
          name: wine-quality
          labels: {team: cellar, tier: production}
        spec:
          pipeline:
            environment: {python: {requirements: requirements.txt}}
            steps:
            - name: prepare
              command: [python3, prepare.py]
              inputs:
              - prepare.py
              - data/
              - uri: https://data.example/wine/2024.csv
                sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                as: more/2024.csv
              outputs: [prepared/]
            - name: train
              command: [python3, train.py, --trees, $(params.trees)]
              params: {trees: 200}
              inputs: [train.py, prepared/]
              outputs: [model/]
              timeout: 30m
            - name: evaluate
              command: [python3, evaluate.py]
              inputs: [evaluate.py, prepared/, model/]
              metrics:
                file: metrics.json
                names: {accuracy: double, latency_p99_ms: double}
          artifact: model/
          serve:
            inputs: [serve.py]
            command: [python3, serve.py, --model, $(model), --port, $(port)]
            ready: {path: /v2/health/ready, within: 30s}
          policies: [not-worse-than-champion]
        """

    private static let policy = """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: not-worse-than-champion}
        spec:
          at: [validate]
          action: deny
          match: {labels: {tier: production}}
          params: {tolerance: 0.01}
          variables:
          - {name: drop, expression: "champion.metrics.accuracy - candidate.metrics.accuracy"}
          rules:
          - name: accuracy
            expression: champion == null || variables.drop <= params.tolerance
            messageExpression: "'accuracy fell by ' + string(variables.drop)"
        """

    /// A test of a policy that decodes without a word.
    static let policyTest = """
        apiVersion: headgate.dev/v1
        kind: PolicyTest
        metadata: {name: not-worse-than-champion}
        spec:
          policy: not-worse-than-champion
          evidence:
            candidate: {metrics: {accuracy: 0.9}}
          cases:
          - name: nothing served before
            evidence: {champion: null}
            expect: pass
          - name: much worse than the champion
            evidence: {champion: {metrics: {accuracy: 0.95}}}
            expect: {verdict: fail, matches: '^accuracy fell by 0[.]0'}
          - name: nobody knows what serves
            expect: {verdict: inconclusive, reason: champion}
            cost: 100
        """

    private static let deployment = """
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: wine-quality}
        spec:
          model: wine-quality
          target: local
          strategy:
            canary:
              steps:
              - weight: 10
              - analyse: 2m
              - weight: 50
              - pause: {until: approved}
              checks:
              - name: errors
                expression: candidate.errorRate <= stable.errorRate + 0.01
                minSamples: 200
            bake: 30m
        """

    private static let target = """
        apiVersion: headgate.dev/v1
        kind: Target
        metadata: {name: cellar-servers}
        spec:
          openInference:
            endpoints:
            - url: http://10.0.0.5:8080
            - url: http://10.0.0.6:8080
            repository: /srv/models
            layout: mlserver
        """
}
