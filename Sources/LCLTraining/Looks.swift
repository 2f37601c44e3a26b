// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel

/// The looks that a link takes at pictures, ready to run episodes on: whole and, where the supports' masks are sure, closer.
struct Looks {
    struct Look {
        let stage: Stage
        let calibration: Calibration
    }

    let whole: Look
    /// With the doubt of each row of the table.
    let closer: (look: Look, doubts: [Float])?

    var sampler: EpisodeSampler { whole.stage.sampler }

    /// As `LinkModel` chooses.
    func look(at episode: Episode) -> Look {
        guard let closer else { return whole }
        return Foreground.isSure(episode.supports.joined().map { closer.doubts[$0] }) ? closer.look : whole
    }

    /// Up to `count` episodes of one shape.
    func judgements(_ shape: EpisodeSampler.Shape, count: Int, _ random: inout SeededRandom) throws -> [Judgement] {
        var judged: [Judgement] = [], episodes = 0
        while episodes < count, let episode = sampler.episode(shape, &random) {
            let look = look(at: episode)
            judged += try look.stage.run(episode).judged(by: look.calibration)
            episodes += 1
        }
        return judged
    }
}

extension Looks: EpisodeMethod {
    func answer(_ episode: Episode) throws -> Trial { try answer(episode, transductive: false) }

    func answer(_ episode: Episode, transductive: Bool) throws -> Trial {
        try look(at: episode).stage.run(episode, transductive: transductive)
    }
}
