// SPDX-License-Identifier: Apache-2.0
// The workload of `lcl bench mllm` on llama.cpp, by three routes that its users have:
//   naive  every query decodes the whole prompt, supports included (a few queries are timed, and the time scaled to all)
//   cache  the support set is decoded once; each query continues a copy of that sequence
//   batch  the same, with the queries and their labels in batches of many sequences
// Usage: bench_llama MODEL naive|cache|batch THREADS [prefix queries query-tokens labels label-tokens]
// Prints: prefix seconds, seconds of all queries.  With route `prefill`: tokens a second of 256 tokens.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "llama.h"

using Tokens = std::vector<llama_token>;

static double seconds(const std::function<void()> &work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Question {
    Tokens text;
    std::vector<Tokens> labels;
};

class Peer {
public:
    static constexpr int group = 16, microbatch = 512;

    Peer(const char *path, int threads, int prefix, int queries, int length, int labels, int label_length, bool batched)
        : prefix(prefix), labels(labels) {
        llama_log_set([](ggml_log_level level, const char *text, void *) { if (level >= GGML_LOG_LEVEL_ERROR) fputs(text, stderr); }, nullptr);
        llama_backend_init();
        model = llama_model_load_from_file(path, llama_model_default_params());
        if (!model) exit(1);
        vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
        auto p = llama_context_default_params();
        const int together = batched ? group : 1;
        p.n_ctx = p.n_batch = std::max(256, prefix) + together * (length + labels * label_length) + 64;
        p.n_ubatch = microbatch;
        p.n_seq_max = 1 + together * labels;
        p.kv_unified = true;
        p.n_threads = p.n_threads_batch = threads;
        p.no_perf = true;
        context = llama_init_from_model(model, p);
        if (!context) exit(2);
        batch = llama_batch_init(p.n_batch, 0, p.n_seq_max);
        srand(1);
        support = draw(prefix);
        for (int i = 0; i < queries; i++) {
            Question q{draw(length), {}};
            for (int l = 0; l < labels; l++) q.labels.push_back(draw(label_length));
            questions.push_back(q);
        }
    }

    Tokens draw(int count) {
        Tokens t(count);
        for (auto &x : t) x = 100 + rand() % (vocabulary - 200);
        return t;
    }

    void forget() { llama_memory_clear(llama_get_memory(context), true); }

    void read(const Tokens &text, llama_seq_id sequence) {
        for (size_t i = 0; i < text.size(); i++) add(text[i], i, {sequence}, false);
        decode();
    }

    /// Scores of the labels of questions first ..< last, whose supports are sequence 0.
    double answer(size_t first, size_t last) {
        auto *memory = llama_get_memory(context);
        std::vector<std::vector<int>> rows;
        for (size_t i = first; i < last; i++) {
            std::vector<llama_seq_id> own;
            for (int l = 0; l < labels; l++) own.push_back(1 + (i - first) * labels + l);
            for (auto s : own) llama_memory_seq_cp(memory, 0, s, -1, -1);
            const auto &q = questions[i];
            for (size_t j = 0; j < q.text.size(); j++) add(q.text[j], prefix + j, own, j + 1 == q.text.size());
            const int end = batch.n_tokens - 1;
            for (int l = 0; l < labels; l++) {
                rows.push_back({end});
                for (size_t j = 0; j + 1 < q.labels[l].size(); j++) {
                    add(q.labels[l][j], prefix + q.text.size() + j, {own[l]}, true);
                    rows.back().push_back(batch.n_tokens - 1);
                }
            }
        }
        decode();
        double sum = 0;
        for (size_t r = 0; r < rows.size(); r++)
            for (size_t j = 0; j < rows[r].size(); j++) sum += log_probability(llama_get_logits_ith(context, rows[r][j]), questions[first + r / labels].labels[r % labels][j]);
        for (int s = 1; s <= int(last - first) * labels; s++) llama_memory_seq_rm(memory, s, -1, -1);
        return sum;
    }

    Tokens support;
    std::vector<Question> questions;

private:
    void add(llama_token token, int position, const std::vector<llama_seq_id> &sequences, bool scored) {
        const int i = batch.n_tokens++;
        batch.token[i] = token;
        batch.pos[i] = position;
        batch.n_seq_id[i] = sequences.size();
        for (size_t s = 0; s < sequences.size(); s++) batch.seq_id[i][s] = sequences[s];
        batch.logits[i] = scored;
    }

    void decode() {
        if (const int code = llama_decode(context, batch)) { fprintf(stderr, "llama_decode: %d\n", code); exit(3); }
        batch.n_tokens = 0;
    }

    double log_probability(const float *logits, llama_token token) const {
        float top = logits[0];
        for (int i = 1; i < vocabulary; i++) top = std::max(top, logits[i]);
        double sum = 0;
        for (int i = 0; i < vocabulary; i++) sum += expf(logits[i] - top);
        return logits[token] - top - log(sum);
    }

    llama_model *model;
    llama_context *context;
    llama_batch batch;
    int vocabulary, prefix, labels;
};

int main(int count, char **arguments) {
    if (count < 4) { fprintf(stderr, "usage: bench_llama MODEL naive|cache|batch|prefill THREADS [prefix queries query-tokens labels label-tokens]\n"); return 64; }
    const std::string route = arguments[2];
    auto number = [&](int i, int standard) { return count > i ? atoi(arguments[i]) : standard; };
    const int prefix = number(4, 640), queries = number(5, 64);
    Peer peer(arguments[1], atoi(arguments[3]), prefix, queries, number(6, 12), number(7, 2), number(8, 3), route == "batch");
    const Tokens prompt = peer.draw(256);
    peer.read(prompt, 0);
    peer.forget();
    if (route == "prefill") {
        printf("%.1f\n", 256 / seconds([&] { peer.read(prompt, 0); }));
        return 0;
    }
    double sum = 0;
    const auto read = [&] { peer.forget(); peer.read(peer.support, 0); };
    if (route == "naive") {
        const int timed = std::min(queries, 2);
        const double time = seconds([&] { for (int i = 0; i < timed; i++) { read(); sum += peer.answer(i, i + 1); } });
        printf("0 %.3f\n", time * queries / timed);
    } else {
        const double first = seconds(read);
        const size_t together = route == "batch" ? Peer::group : 1;
        const double rest = seconds([&] {
            for (size_t i = 0; i < peer.questions.size(); i += together) sum += peer.answer(i, std::min(peer.questions.size(), i + together));
        });
        printf("%.3f %.3f\n", first, rest);
    }
    fprintf(stderr, "sum of scores %.4f\n", sum);
}
