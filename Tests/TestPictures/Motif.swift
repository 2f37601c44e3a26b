// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a class of pictures shows: a form filled with a pattern of two colours.
struct Motif {
    enum Form: String, CaseIterable { case disc, square, star, cross, ring, triangle, heart, crescent }
    enum Pattern: String, CaseIterable { case plain, striped, checked, dotted }
    enum Colour: String, CaseIterable { case red, green, blue, yellow, violet, orange, teal, black }

    let form: Form
    let pattern: Pattern
    let colour: Colour

    /// Easy classes differ in all three; hard ones of a pair (2k, 2k + 1) in the pattern alone.
    init(class index: Int, hard: Bool) {
        let k = hard ? index / 2 : index
        form = Form.allCases[k % 8]
        colour = Colour.allCases[(k * 3 + k / 8) % 8]
        pattern = Pattern.allCases[hard ? 1 + index % 2 : (k + k / 8 + k / 4) % 4]
    }

    var name: String { "\(colour)-\(form)-\(pattern)" }

    /// The colour at (u, v) of the form's own frame, about -1 to 1; `nil` outside the form.
    func colour(u: Double, v: Double) -> SIMD3<Double>? {
        guard covers(u, v) else { return nil }
        return isSecond(u, v) ? SIMD3(0.96, 0.94, 0.88) : rgb
    }

    private func covers(_ u: Double, _ v: Double) -> Bool {
        let r = (u * u + v * v).squareRoot()
        switch form {
        case .disc: return r < 0.85
        case .square: return max(abs(u), abs(v)) < 0.75
        case .star: return r < 0.58 + 0.36 * cos(5 * atan2(u, -v))
        case .cross: return max(abs(u), abs(v)) < 0.88 && min(abs(u), abs(v)) < 0.28
        case .ring: return r < 0.9 && r > 0.5
        case .triangle: return v < 0.7 && v > 2 * abs(u) - 0.9
        case .heart:
            let x = u * 1.25, y = -v * 1.25 + 0.15, q = x * x + y * y - 0.9
            return q * q * q < 1.2 * x * x * y * y * y
        case .crescent: return r < 0.9 && (u - 0.42) * (u - 0.42) + v * v > 0.5
        }
    }

    private func isSecond(_ u: Double, _ v: Double) -> Bool {
        func wave(_ x: Double) -> Double { x - x.rounded(.down) }
        switch pattern {
        case .plain: return false
        case .striped: return wave(u * 3.2) < 0.5
        case .checked: return (wave(u * 2.2) < 0.5) != (wave(v * 2.2) < 0.5)
        case .dotted:
            let x = wave(u * 3.1) - 0.5, y = wave(v * 3.1) - 0.5
            return x * x + y * y < 0.09
        }
    }

    private var rgb: SIMD3<Double> {
        switch colour {
        case .red: SIMD3(0.82, 0.12, 0.12)
        case .green: SIMD3(0.12, 0.6, 0.2)
        case .blue: SIMD3(0.12, 0.25, 0.8)
        case .yellow: SIMD3(0.95, 0.82, 0.1)
        case .violet: SIMD3(0.5, 0.15, 0.65)
        case .orange: SIMD3(0.95, 0.5, 0.08)
        case .teal: SIMD3(0.05, 0.6, 0.62)
        case .black: SIMD3(0.1, 0.1, 0.1)
        }
    }
}
