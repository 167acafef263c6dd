#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The few functions of the judges that the standard library lacks, in one place so that it alone names the C library.
enum SpecialFunctions {
    /// Natural logarithm of the gamma function for x > 0.
    ///
    /// Stirling's series (Abramowitz and Stegun, 6.1.41) after shifting the argument above 10, where its first
    /// neglected term is below 1e-14. The C library's own writes a global variable.
    static func logGamma(_ x: Double) -> Double {
        var shifted = x
        var product = 1.0
        while shifted < 10 {
            product *= shifted
            shifted += 1
        }
        let square = 1 / (shifted * shifted)
        let series =
            (1 / 12.0 - square * (1 / 360.0 - square * (1 / 1260.0 - square * (1 / 1680.0 - square / 1188.0))))
            / shifted
        return (shifted - 0.5) * log(shifted) - shifted + 0.918_938_533_204_672_7 + series - log(product)
    }

    static func logBeta(_ a: Double, _ b: Double) -> Double { logGamma(a) + logGamma(b) - logGamma(a + b) }

    static func logarithm(_ x: Double) -> Double { log(x) }
    static func exponential(_ x: Double) -> Double { exp(x) }

    /// The standard normal distribution function.
    static func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// log(exp(a) + exp(b) + …) without overflow; minus infinity for nothing.
    static func logSum(_ terms: [Double]) -> Double {
        guard let greatest = terms.max(), greatest > -.infinity else { return -.infinity }
        return greatest + log(terms.reduce(0) { $0 + exp($1 - greatest) })
    }

    /// x·log(y), which is zero when x is, whatever y is.
    static func xlogy(_ x: Double, _ y: Double) -> Double { x == 0 ? 0 : x * log(y) }
}
