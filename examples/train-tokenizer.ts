// Trains tokenizers on a text and looks at what they make of another: `node dist-examples/train-tokenizer.js`.
import { HuggingFaceTokenizer, type TrainedTokenizer, trainBpe, trainCharacters } from 'kvasir';

/** A text in chunks, as it would come from a file (createReadStream(path, 'utf8')) or from the network. */
async function* verses(): AsyncGenerator<string> {
  for (let bottles = 99; bottles > 0; bottles--)
    yield `${bottles} bottles of beer on the wall, ${bottles} bottles of beer. Take one down and pass it around.\n`;
}

const bytePairs = await trainBpe(verses(), { vocabSize: 300 });
const characters = await trainCharacters(verses());

for (const trained of [bytePairs, characters]) show(trained);

function show({ files, vocabSize }: TrainedTokenizer): void {
  const tokenizer = new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
  const ids = tokenizer.encode('7 bottles of milk');
  console.log(`${vocabSize} tokens: ${ids.map((id) => JSON.stringify(tokenizer.idToToken(id))).join(' ')}`);
  console.log(`decoded: ${JSON.stringify(tokenizer.decode(ids, { skipSpecialTokens: false }))}`);
}
