// Runs one case in this process: `node cases/run.mjs decode '{"folder": …}'` prints its result as one line of JSON.
const [name, parameters] = process.argv.slice(2);
const { measure } = await import(`./${name}.mjs`);
console.log(JSON.stringify(await measure(JSON.parse(parameters))));
process.exit(0);
