import Foundation

@testable import HeadgateCore

/// The value as it comes back from a ledger; nil when it cannot be written or read.
func roundTrip<Value: Codable>(_ value: Value) -> Value? {
    guard let data = try? JSONEncoder().encode(value) else { return nil }
    return try? JSONDecoder().decode(Value.self, from: data)
}
