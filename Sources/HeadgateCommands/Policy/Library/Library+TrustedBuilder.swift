// Written by policies/embed.py from policies/trusted-builder; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let trustedBuilder = Entry(
        name: "trusted-builder", at: ["validate"], action: "deny",
        about: "Versions that a trusted builder made, of a protected branch.",
        reports: [],
        files: [
            "trusted-builder/README.md":
            #"""
            # Trusted builder

            Every step of the version must have been run by the controller itself, or by a machine whose result was attested by a
            key under `signers`. And the version must be of one of the protected `branches`: the controller computed the keys of its
            steps from that branch, so a result under another key can not be it.

            Headgate records both itself; nothing needs to be reported.

            """#,
            "trusted-builder/policy.yaml":
            #"""
            # Versions that a trusted builder made, of a protected branch.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: trusted-builder}
            spec:
              at: [validate]
              action: deny
              params:
                branches: [main]            # protected branches: whose keys a controller computes itself
                signers: []                 # ids of keys whose attested results count besides the controller's own
              variables:
              - name: strangers
                expression: candidate.provenance.steps.filter(s, s.builder != '' && !(s.signer in params.signers))
              rules:
              - name: branch
                expression: params.branches.exists(b, candidate.provenance.revision.startsWith(b + '@'))
                messageExpression: "'made at ' + candidate.provenance.revision + ', which is no protected branch'"
              - name: builder
                expression: size(variables.strangers) == 0
                messageExpression: >-
                  'not run by a trusted builder: ' + variables.strangers.map(s, s.name + ' by ' + s.builder).join(', ')
              - name: steps
                expression: size(candidate.provenance.steps) > 0
                message: no step made this version

            """#,
            "trusted-builder/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: trusted-builder}
            spec:
              policy: trusted-builder
              evidence: {candidate: {provenance: {revision: "main@sha1:0123"}}}
              cases:
              - name: by the controller
                evidence: {candidate: {provenance: {steps: [{name: train, builder: "", signer: ""}]}}}
                expect: pass
                cost: 200
              - name: by a machine whose key counts
                params: {signers: [ab12]}
                evidence: {candidate: {provenance: {steps: [{name: train, builder: ci, signer: ab12}]}}}
                expect: pass
              - name: by somebody else
                evidence:
                  candidate:
                    provenance:
                      steps: [{name: train, builder: laptop, signer: cd34}, {name: evaluate, builder: "", signer: ""}]
                expect: {verdict: fail, message: "not run by a trusted builder: train by laptop"}
              - name: of a branch that is not protected
                evidence: {candidate: {provenance: {revision: "try@sha1:0123", steps: [{name: train, builder: "", signer: ""}]}}}
                expect: {verdict: fail, message: "made at try@sha1:0123, which is no protected branch"}
              - name: without a step
                evidence: {candidate: {provenance: {steps: []}}}
                expect: {verdict: fail, message: no step made this version}
              - name: by nobody knows whom
                evidence: {candidate: {provenance: {steps: [{name: train}]}}}
                expect: {verdict: inconclusive, reason: builder}

            """#,
        ])
}
