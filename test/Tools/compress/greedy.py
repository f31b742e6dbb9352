# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %{data} %t
"""Greedy text of the program, f32, beside that of an independent implementation: 48 tokens after each prompt, prompts
echoed. The second model, whose tokenizer marks spaces as SentencePiece does, is read where the test data is present."""
import os, subprocess, sys

MODEL, DATA, WORK = sys.argv[1:4]
PRIMER = [('Once upon a time',
  'Once upon a time there was a child called Finn. He had a brown ring. They saw a crow and gave it 8 nuts. '
  'Finn felt brave. In the evening Finn was brave.\n'
  'Question: Where is Finn before the evening? Answer: market'),
 ('One sunny day, Lily went to the',
  'One sunny day, Lily went to the library. She found a brown ring in the library. They saw a crow and gave '
  'it 8 nuts. "I am proud," said Lily. That night Lily told the crow all about it.\n'
  'Question: Who has the ring now'),
 ('12 + 30 = 42\n7 + 8 =', '12 + 30 = 42\n7 + 8 = 15\n88 + 85 = 173\n48 + 80 = 128\n4 + 80 = 84\n'),
 ('The',
  'The "future" feature of the "future" feature of the "future" feature of the "future" feature of the '
  '"future" feature of the "future" feature of the "future" feature of')]
STORIES = [('Once upon a time',
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she '
  'saw a big, red ball. She wanted to play with it,'),
 ('One sunny day, Lily went to the',
  'One sunny day, Lily went to the park with her mom. They saw a big box with a big box. Lily wanted to play '
  "with it, but she didn't want to play with it. She asked her mom"),
 ('12 + 30 = 42\n7 + 8 =',
  '12 + 30 = 42\n7 + 8 = this time, “What is that?" \n"It\'s a small real real real remember," re'),
 ('The',
  'There was a big, red ball. The ball was very happy. The ball was very happy. The ball was very happy. The '
  'ball was very happy.\n'
  'One day, the ball w')]

models = [(MODEL, PRIMER)]
if os.path.exists(DATA + "/models/stories260K/hf"):
    models.append((DATA + "/models/stories260K/hf", STORIES))
for model, cases in models:
    app = WORK + "/app"
    subprocess.run(["compress", "build", model, "--activations", "f32", "--target", "native", "-o", app], check=True)
    for prompt, expected in cases:
        got = subprocess.run([app, "-p", prompt, "-n", "48", "--temp", "0", "--echo"], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
        assert got.rstrip("\n") == expected.rstrip("\n"), (model, prompt, got, expected)
