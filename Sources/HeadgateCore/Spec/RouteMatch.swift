/// Which requests go to a version by something that they carry.
package enum RouteMatch: Hashable, Sendable, Codable {
    case header(name: String, value: String)
    case cookie(name: String, value: String)
    /// A share of requests by a hash of a header's value, so that one caller always gets one version.
    case hashOfHeader(name: String, percent: Int)
    /// A share of requests by a hash of a top-level JSON field of the body.
    case hashOfField(name: String, percent: Int)
}
