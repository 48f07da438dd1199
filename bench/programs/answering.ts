/** The other end of load/generator.ts: answers questions, and ends when whoever asks is gone. */

export function answerQuestions<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (question) => {
    answer(question as Question).then(
      (text) => process.send?.(text as object),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
