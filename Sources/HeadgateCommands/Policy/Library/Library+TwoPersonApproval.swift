// Written by policies/embed.py from policies/two-person-approval; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let twoPersonApproval = Entry(
        name: "two-person-approval", at: ["release"], action: "deny",
        about: "Approval of this version by people who did not write it.",
        reports: [],
        files: [
            "two-person-approval/README.md":
            #"""
            # Approval by two people

            At least `people` different people must have approved this very version with `headgate approve`, none of whom is the
            commit's author or committer; with `approvers`, only those count. It is asked again at each admission, and until enough
            people have approved the version waits. Going back to an earlier version needs nobody.

            Who approves is who the API authenticated, or the user who gave the command on the controller's machine.

            """#,
            "two-person-approval/policy.yaml":
            #"""
            # Approval of this version by people who did not write it.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: two-person-approval}
            spec:
              at: [release]
              action: deny
              params:
                people: 2                   # how many must approve, besides the author and committer
                approvers: []               # who may; empty for anybody
              variables:
              - name: own
                expression: "[commit.author.name, commit.author.email, commit.committer.name, commit.committer.email]"
              - name: people
                expression: >-
                  approvals.filter(a,
                          a.digest == candidate.version
                          && !(a.by in variables.own)
                          && (size(params.approvers) == 0 || a.by in params.approvers))
                      .map(a, a.by)
                      .distinct()
              rules:
              - name: approved
                # Going back is always allowed.
                expression: restoring || size(variables.people) >= params.people
                messageExpression: >-
                  'approved by ' + (size(variables.people) == 0 ? 'nobody' : variables.people.join(', ')) + ', not by '
                  + string(params.people) + ' people'

            """#,
            "two-person-approval/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: two-person-approval}
            spec:
              policy: two-person-approval
              evidence:
                candidate: {version: "sha256:aa"}
                commit: {author: {name: ada, email: ada@example.com}, committer: {name: ada, email: ada@example.com}}
              cases:
              - name: two others
                evidence: {approvals: [{by: bob, digest: "sha256:aa"}, {by: eve, digest: "sha256:aa"}]}
                expect: pass
                cost: 200
              - name: nobody yet
                expect: {verdict: fail, message: "approved by nobody, not by 2 people"}
              - name: the author does not count
                evidence: {approvals: [{by: bob, digest: "sha256:aa"}, {by: ada, digest: "sha256:aa"}]}
                expect: {verdict: fail, message: "approved by bob, not by 2 people"}
              - name: one person twice is one person
                evidence: {approvals: [{by: bob, digest: "sha256:aa"}, {by: bob, digest: "sha256:aa"}]}
                expect: {verdict: fail, message: "approved by bob, not by 2 people"}
              - name: an approval of another version does not count
                evidence: {approvals: [{by: bob, digest: "sha256:aa"}, {by: eve, digest: "sha256:bb"}]}
                expect: fail
              - name: only some may approve
                params: {people: 1, approvers: [eve]}
                evidence: {approvals: [{by: bob, digest: "sha256:aa"}]}
                expect: {verdict: fail, message: "approved by nobody, not by 1 people"}
              - name: somebody who may approved
                params: {people: 1, approvers: [eve]}
                evidence: {approvals: [{by: eve, digest: "sha256:aa"}]}
                expect: pass
              - name: going back needs nobody
                evidence: {restoring: true}
                expect: pass

            """#,
        ])
}
