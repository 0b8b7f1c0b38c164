// The same without this page.

const base = new URL(".", location.href).href;

/** A word of a POSIX shell. */
const shell = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** curl reads a comma and a semicolon in a file's name as its own, unless the name is quoted. */
const curlFile = (name) => /[,;"\\]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;

function query() {
  const entries = Object.entries(options()).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]);
  return Object.fromEntries(entries);
}

function curl() {
  const parts = roles.filter((role) => files[role]).map((role) => `-F ${shell(`${role}=@${curlFile(files[role].file.name)}`)}`);
  const text = new URLSearchParams(query()).toString().replaceAll("%2C", ",");
  const key = $("key").value.trim() ? ` -H "Authorization: Bearer $STYLELOSS_KEY"` : "";
  return `curl${key} ${parts.join(" ")} ${shell(`${base}v1/losses${text && `?${text}`}`)}`;
}

function python() {
  const text = JSON.stringify;
  const parts = roles.filter((role) => files[role]).map((role) => `    ${text(role)}: open(${text(files[role].file.name)}, "rb"),`);
  const key = $("key").value.trim();
  const words = [text(`${base}v1/losses`), "files=files"];
  if (Object.keys(query()).length) words.push(`params=${text(query())}`);
  if (key) words.push(`headers={"Authorization": "Bearer " + os.environ["STYLELOSS_KEY"]}`);
  return [
    ...(key ? ["import os", ""] : []), "import requests", "", "files = {", ...parts, "}",
    `answer = requests.post(${words.join(", ")})`,
    "answer.raise_for_status()", `print(answer.json()["results"][0]["total"])`,
  ].join("\n");
}

const recipes = {
  curl: ["Copy as curl", curl],
  python: ["Copy as Python", python],
  json: ["Copy the answer", () => JSON.stringify(state.answer, null, 2)],
};
const recipe = () => recipes[document.querySelector("[name=recipe]:checked").value];

function showRecipe() {
  const [name, text] = recipe();
  $("copy").textContent = name;
  $("recipe").textContent = text();
}

for (const radio of document.querySelectorAll("[name=recipe]")) radio.addEventListener("change", showRecipe);
$("copy").addEventListener("click", async () => {
  getSelection().selectAllChildren($("recipe"));
  try {
    // There is no clipboard on a page that came over plain HTTP from another machine.
    await navigator.clipboard.writeText($("recipe").textContent);
    $("copy").textContent = "Copied";
  } catch {
    $("copy").textContent = "Selected: press Ctrl-C";
  }
});
