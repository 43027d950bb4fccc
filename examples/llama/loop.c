/* What benchmark.py compares with: the loop of its tokens(), in C. It prints the microseconds
 * of processor time per token, of each round. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "llama.h"

enum { TOKENS = 128 };

static void quiet(enum ggml_log_level level, const char *text, void *data) {
  (void)level;
  (void)text;
  (void)data;
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  llama_log_set(quiet, NULL);
  struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
  struct llama_context_params params = llama_context_default_params();
  params.n_ctx = 256;
  params.n_threads = params.n_threads_batch = 1;
  struct llama_context *context = llama_init_from_model(model, params);
  const struct llama_vocab *vocab = llama_model_get_vocab(model);
  struct llama_sampler *chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
  llama_sampler_chain_add(chain, llama_sampler_init_greedy());
  for (int round = 0; round < atoi(argv[2]); round++) {
    llama_memory_clear(llama_get_memory(context), true);
    llama_token token = 300;
    char piece[64];
    int end = 0, length = 0;
    double start = now();
    for (int at = 0; at < TOKENS; at++) {
      if (llama_decode(context, llama_batch_get_one(&token, 1))) return 1;
      token = llama_sampler_sample(chain, context, -1);
      end += llama_vocab_is_eog(vocab, token);
      length += llama_token_to_piece(vocab, token, piece, sizeof piece, 0, true);
    }
    printf("%f\n", (now() - start) / TOKENS);
    if (end > TOKENS || length < 0) return 1;
  }
  return 0;
}
