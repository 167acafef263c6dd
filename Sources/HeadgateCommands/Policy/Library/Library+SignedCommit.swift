// Written by policies/embed.py from policies/signed-commit; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let signedCommit = Entry(
        name: "signed-commit", at: ["plan", "validate"], action: "deny",
        about: "A commit that an allowed signer signed.",
        reports: [],
        files: [
            "signed-commit/README.md":
            #"""
            # Signed commit

            The commit must carry a signature that the controller verifies, of one of `signers`. It is asked at `plan` too, so that
            nothing is trained for a commit that could not be released. The controller's configuration holds the keys
            (`allowedSigners` of the source); what a commit says of itself counts for nothing.

            """#,
            "signed-commit/policy.yaml":
            #"""
            # A commit that an allowed signer signed.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: signed-commit}
            spec:
              at: [plan, validate]
              action: deny
              params:
                signers: [release@example.com]   # principals of the controller's allowed signers
              rules:
              - name: verified
                expression: commit.verified
                messageExpression: "'commit ' + commit.id.substring(0, 7) + ' has no signature that the controller can verify'"
              - name: allowed
                expression: "!commit.verified || commit.signer in params.signers"
                messageExpression: "commit.signer + ' may not sign releases'"

            """#,
            "signed-commit/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: signed-commit}
            spec:
              policy: signed-commit
              cases:
              - name: signed by a signer who may
                evidence: {commit: {verified: true, signer: release@example.com}}
                expect: pass
                cost: 50
              - name: signed by somebody else
                evidence: {commit: {verified: true, signer: intern@example.com}}
                expect: {verdict: fail, message: intern@example.com may not sign releases}
              - name: not signed
                evidence: {commit: {verified: false, id: "0123456789012345678901234567890123456789"}}
                expect: {verdict: fail, message: commit 0123456 has no signature that the controller can verify}
              - name: nobody knows the commit
                at: plan
                expect: {verdict: inconclusive, reason: commit}

            """#,
        ])
}
