// Compiles Flux with InfluxData's own compiler: syntax, and names and types against its library.
// Standard input holds a JSON list of scripts; the argument is where npm has installed it.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const { Flux } = createRequire(`${process.argv[2]}/`)("@influxdata/flux-lsp-node");
const isValid = (script) => {
  const flux = new Flux(script);
  const valid = flux.is_valid();
  flux.free();
  return valid;
};

// It does refuse: syntax, names, types.
const wrong = ['from(bucket: "a"', 'from(bucket: "a") |> rnge(start: -1h)', "from(bucket: 1)"];
const scripts = JSON.parse(readFileSync(0, "utf8"));
const failures = [
  ...scripts.filter((script) => !isValid(script)),
  ...wrong.filter(isValid).map((script) => `taken by mistake: ${script}`),
];
failures.forEach((script) => console.error(`grafana: FAILED: Flux is refused:\n${script}`));
process.exit(failures.length ? 1 : 0);
