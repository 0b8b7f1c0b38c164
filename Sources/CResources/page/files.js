// Files.

const zone = (role) => document.querySelector(`[data-role="${role}"]`);
const isArray = (file) => /\.npy$/i.test(file?.name ?? "");
const hints = Object.fromEntries(roles.map((role) => [role, zone(role).querySelector(".hint").textContent]));

function place(role, file) {
  const box = zone(role);
  const image = box.querySelector("img");
  if (files[role]) URL.revokeObjectURL(files[role].url);
  delete files[role];
  image.removeAttribute("src");
  if (file) {
    files[role] = { file, url: URL.createObjectURL(file) };
    image.onerror = () => { image.hidden = true; };
    image.src = files[role].url;
  }
  image.hidden = !file || isArray(file);
  box.classList.toggle("full", Boolean(file));
  box.querySelector(".remove").hidden = !file;
  box.querySelector(".hint").textContent = file ? `${file.name} · ${size(file.size)}` : hints[role];
  box.querySelector("input").value = "";
  $("polarity-label").hidden = !files.mask;
  for (const label of document.querySelectorAll(".array")) label.hidden = !roles.some((r) => isArray(files[r]?.file));
}

function size(bytes) {
  return bytes < 1000 ? `${bytes} bytes` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Files that came together fill the places from the one given on, else the empty ones. */
function take(list, first) {
  const given = [...list].slice(0, first ? 1 : roles.length);
  for (const file of given) {
    const role = first ?? roles.find((name) => !files[name]) ?? "output";
    place(role, file);
  }
  if (given.length) compare();
}

for (const role of roles) {
  const box = zone(role);
  const input = box.querySelector("input");
  input.addEventListener("change", () => take(input.files, role));
  box.querySelector(".remove").addEventListener("click", () => { place(role); input.focus(); compare(); });
}

const over = (event) => event.target instanceof Element ? event.target.closest("[data-role]") : null;

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  for (const role of roles) zone(role).classList.toggle("over", over(event) === zone(role));
});
document.addEventListener("dragleave", () => { for (const role of roles) zone(role).classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  for (const role of roles) zone(role).classList.remove("over");
  const { files: dropped } = event.dataTransfer;
  take(dropped, dropped.length === 1 ? over(event)?.dataset.role : undefined);
});
document.addEventListener("paste", (event) => {
  const pasted = event.clipboardData?.files ?? [];
  if (pasted.length) { event.preventDefault(); take(pasted, document.activeElement?.closest("[data-role]")?.dataset.role); }
});
$("swap").addEventListener("click", () => {
  const [output, target] = [files.output?.file, files.target?.file];
  place("output", target);
  place("target", output);
  compare();
});

/** A picture and a blurred copy with a scratch, for those who have none at hand. */
$("sample").addEventListener("click", async () => {
  const draw = async (isDamaged) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    const pen = canvas.getContext("2d");
    const sky = pen.createLinearGradient(0, 0, 0, 240);
    sky.addColorStop(0, "#1d3f72");
    sky.addColorStop(0.7, "#f2a65a");
    pen.filter = isDamaged ? "blur(1.6px)" : "none";
    pen.fillStyle = sky;
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = "#ffe8b0";
    pen.beginPath();
    pen.arc(226, 126, 26, 0, 7);
    pen.fill();
    for (let i = 0; i < 5; i += 1) {
      pen.fillStyle = `hsl(${215 + 8 * i} 32% ${34 - 6 * i}%)`;
      pen.beginPath();
      pen.moveTo(0, 240);
      for (let x = 0; x <= 320; x += 2) pen.lineTo(x, 136 + 22 * i + 17 * Math.sin(x / (27 - 2 * i) + 2 * i) + 5 * Math.sin(x / 5 + i));
      pen.lineTo(320, 240);
      pen.fill();
    }
    pen.filter = "none";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 3;
    if (isDamaged) { pen.beginPath(); pen.moveTo(52, 20); pen.bezierCurveTo(80, 90, 60, 150, 118, 222); pen.stroke(); }
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    return new File([blob], isDamaged ? "blurred.png" : "drawn.png", { type: "image/png" });
  };
  place("mask");
  place("output", await draw(true));
  place("target", await draw(false));
  compare();
});
