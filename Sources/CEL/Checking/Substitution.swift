/// What is known of the type variables of one check.
///
/// A type variable is a `.parameter` whose name begins with `%`; no source and no overload can spell one.
struct Substitution {
    private var bindings: [String: CELType] = [:]
    private var next = 0

    mutating func fresh() -> CELType {
        next += 1
        return .parameter("%\(next)")
    }

    /// The overload with type variables in place of its type parameters.
    mutating func instantiate(_ overload: Overload) -> Overload {
        var names: [String: CELType] = [:]
        let parameters = overload.parameters.map { replaceParameters($0, &names) }
        return Overload(
            parameters,
            replaceParameters(overload.result, &names),
            isMember: overload.isMember,
            isVariadic: overload.isVariadic
        )
    }

    private mutating func replaceParameters(_ type: CELType, _ names: inout [String: CELType]) -> CELType {
        switch type {
        case .parameter(let name):
            if let known = names[name] { return known }
            let variable = fresh()
            names[name] = variable
            return variable
        case .list(let element): return .list(replaceParameters(element, &names))
        case .map(let key, let value): return .map(replaceParameters(key, &names), replaceParameters(value, &names))
        case .optional(let wrapped): return .optional(replaceParameters(wrapped, &names))
        case .type(let inner): return .type(replaceParameters(inner, &names))
        case .opaque(let name, let parameters):
            return .opaque(name, parameters.map { replaceParameters($0, &names) })
        default: return type
        }
    }

    /// The type behind a bound variable.
    func resolve(_ type: CELType) -> CELType {
        var current = type
        while case .parameter(let name) = current, let bound = bindings[name] { current = bound }
        return current
    }

    /// The type with every bound variable replaced; a free one stays, or becomes `dyn`.
    func apply(_ type: CELType, freeToDyn: Bool) -> CELType {
        switch resolve(type) {
        case .parameter(let name): freeToDyn ? .dyn : .parameter(name)
        case .list(let element): .list(apply(element, freeToDyn: freeToDyn))
        case .map(let key, let value):
            .map(apply(key, freeToDyn: freeToDyn), apply(value, freeToDyn: freeToDyn))
        case .optional(let wrapped): .optional(apply(wrapped, freeToDyn: freeToDyn))
        case .type(let inner): .type(apply(inner, freeToDyn: freeToDyn))
        case .opaque(let name, let parameters):
            .opaque(name, parameters.map { apply($0, freeToDyn: freeToDyn) })
        case let other: other
        }
    }

    /// Whether a value of type `from` may stand where `to` is wanted; binds variables as it goes.
    mutating func isAssignable(_ from: CELType, to: CELType) -> Bool {
        switch (from, to) {
        case (.parameter(let a), .parameter(let b)) where a == b: return true
        case (_, .parameter(let name)):
            guard let bound = bindings[name] else { return bind(name, to: from) }
            guard isAssignable(from, to: bound) else { return false }
            return bind(name, to: moreGeneral(bound, from))
        case (.parameter(let name), _):
            guard let bound = bindings[name] else { return bind(name, to: to) }
            guard isAssignable(bound, to: to) else { return false }
            return bind(name, to: moreGeneral(bound, to))
        case (.dyn, _):
            generalise(to)
            return true
        case (_, .dyn): return true
        case (.null, .timestamp), (.null, .duration), (.null, .record), (.null, .opaque), (.null, .optional):
            return true
        case (.type(let a), .type(let b)):
            // Types are values of one kind: any may be compared with any.
            _ = isAssignable(a, to: b)
            return true
        case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)):
            return isAssignable(a, to: b)
        case (.map(let k1, let v1), .map(let k2, let v2)):
            return isAssignable(k1, to: k2) && isAssignable(v1, to: v2)
        case (.opaque(let a, let p), .opaque(let b, let q)):
            guard a == b, p.count == q.count else { return false }
            for index in p.indices {
                guard isAssignable(p[index], to: q[index]) else { return false }
            }
            return true
        default:
            return from == to
        }
    }

    /// Makes every variable of a type `dyn`: what is not known before evaluation may be anything inside too.
    private mutating func generalise(_ type: CELType) {
        switch type {
        case .parameter(let name):
            if let bound = bindings[name], case .parameter = bound { generalise(bound) } else { bindings[name] = .dyn }
        case .list(let inner), .optional(let inner), .type(let inner): generalise(inner)
        case .map(let key, let value):
            generalise(key)
            generalise(value)
        case .opaque(_, let parameters): for parameter in parameters { generalise(parameter) }
        default: break
        }
    }

    private mutating func bind(_ name: String, to type: CELType) -> Bool {
        let type = resolve(type)
        if type == .parameter(name) { return true }
        guard !occurs(name, in: type) else { return false }
        bindings[name] = type
        return true
    }

    private func occurs(_ name: String, in type: CELType) -> Bool {
        switch resolve(type) {
        case .parameter(let other): other == name
        case .list(let inner), .optional(let inner), .type(let inner): occurs(name, in: inner)
        case .map(let key, let value): occurs(name, in: key) || occurs(name, in: value)
        case .opaque(_, let parameters): parameters.contains { occurs(name, in: $0) }
        default: false
        }
    }

    /// The more general of two types of which one is assignable to the other.
    func moreGeneral(_ a: CELType, _ b: CELType) -> CELType {
        isAtLeastAsGeneral(a, b) ? a : isAtLeastAsGeneral(b, a) ? b : merged(a, b)
    }

    private func merged(_ a: CELType, _ b: CELType) -> CELType {
        switch (resolve(a), resolve(b)) {
        case (.list(let x), .list(let y)): .list(moreGeneral(x, y))
        case (.optional(let x), .optional(let y)): .optional(moreGeneral(x, y))
        case (.map(let k1, let v1), .map(let k2, let v2)): .map(moreGeneral(k1, k2), moreGeneral(v1, v2))
        case (.opaque(let name, let p), .opaque(_, let q)) where p.count == q.count:
            .opaque(name, zip(p, q).map { moreGeneral($0, $1) })
        default: .dyn
        }
    }

    private func isAtLeastAsGeneral(_ a: CELType, _ b: CELType) -> Bool {
        switch (resolve(a), resolve(b)) {
        case (.dyn, _): true
        case (_, .dyn): false
        case (_, .parameter), (_, .null): true
        case (.list(let x), .list(let y)), (.optional(let x), .optional(let y)), (.type(let x), .type(let y)):
            isAtLeastAsGeneral(x, y)
        case (.map(let k1, let v1), .map(let k2, let v2)):
            isAtLeastAsGeneral(k1, k2) && isAtLeastAsGeneral(v1, v2)
        case (.opaque(let n, let p), .opaque(let m, let q)):
            n == m && p.count == q.count && zip(p, q).allSatisfy { isAtLeastAsGeneral($0, $1) }
        case (let x, let y): x == y
        }
    }

    /// The one type for both, as elements of one literal; `dyn` where there is none.
    mutating func join(_ a: CELType, _ b: CELType) -> CELType {
        let saved = self
        if isAssignable(b, to: a) { return moreGeneral(a, b) }
        self = saved
        if isAssignable(a, to: b) { return moreGeneral(b, a) }
        self = saved
        return .dyn
    }
}

extension Overload {
    var isGeneric: Bool {
        result.hasParameter || parameters.contains(where: \.hasParameter)
    }
}

extension CELType {
    var hasParameter: Bool {
        switch self {
        case .parameter: true
        case .list(let inner), .optional(let inner), .type(let inner): inner.hasParameter
        case .map(let key, let value): key.hasParameter || value.hasParameter
        case .opaque(_, let parameters): parameters.contains(where: \.hasParameter)
        default: false
        }
    }

    /// Whether a value's runtime type fits, as far as that shows without looking into it.
    func admits(_ value: Value) -> Bool {
        switch (self, value) {
        case (.dyn, _), (.parameter, _): true
        case (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double): true
        case (.string, .string), (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration): true
        case (.list, .list), (.map, .map), (.optional, .optional), (.type, .type): true
        case (.record(let name), .record(let record)): name == record.typeName
        case (.opaque(let name, _), .opaque(let opaque)): name == opaque.typeName
        default: false
        }
    }
}
