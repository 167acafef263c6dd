import HeadgateCore

extension Declaration {
    static let policy: Shape<PolicySpec> = .object(
        "Policy spec",
        Field(
            "at",
            .list(of: moment, 1...4, called: "moments"), "The moments at which it is asked."),
        Field(
            "action",
            .option { (action: PolicyAction) in
                switch action {
                case .deny: "It blocks."
                case .warn: "It passes; status, events and CI say so."
                case .audit: "It is recorded, and nothing else."
                }
            }, default: .deny, "What a rule that does not hold does."),
        .optional(
            "match", match, "Selects what it guards, besides the objects that name it. Left out, it selects nothing."),
        Field("params", params, default: [:], "Values that expressions read as `params.NAME`."),
        Field(
            "variables", .list(of: variable), default: [],
            "Expressions with names, read as `variables.NAME`; each may use earlier ones."),
        Field("rules", .list(of: rule, 1...200, called: "rules"), "Conditions that must all hold."),
        make: PolicySpec.init)

    static let moment: Shape<GateMoment> = .option { moment in
        switch moment {
        case .plan: "Before any step runs."
        case .validate: "When a version has its metrics."
        case .release: "Before a version is published."
        case .rollout: "At each increase of a version's traffic."
        }
    }

    static let match: Shape<PolicyMatch> = .object(
        "Match",
        Field("labels", labels, "Labels that a Model or Deployment must have, all of them; `{}` selects all."),
        make: PolicyMatch.init)

    static let variable: Shape<PolicyVariable> = .object(
        "Variable",
        Field("name", .identifier, "How expressions call it."),
        Field("expression", .expression, "Evaluated when something reads it."),
        make: PolicyVariable.init)

    static let rule: Shape<PolicyRule> = .object(
        "Rule",
        Field("name", .text, "Unique within the policy."),
        Field("expression", .expression, "Must give true."),
        .optional("message", .text, "Shown when the rule does not hold."),
        .optional(
            "messageExpression", .expression, "Gives the text to show; `message` stands in where it gives none."),
        make: PolicyRule.init)
}
