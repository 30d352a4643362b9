/* Draws the figures of a report when they come into view, and saves them. What there is to draw stands in the page as
 * JSON, one block a figure; nothing is fetched. */
"use strict";
(() => {
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
	const floats = text => {
		const view = new DataView(bytes(text).buffer), out = new Float32Array(view.byteLength / 4);
		for (let i = 0; i < out.length; i++)
			out[i] = view.getFloat32(4 * i, true);
		return out;
	};
	const make = (name, text) => {
		const element = document.createElement(name);
		if (text !== undefined)
			element.textContent = text;
		return element;
	};
	/* Plotly reads tags and links in its texts; ours have none. */
	const plain = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
	/* As many digits as a float32 has, and no more. */
	const digits = value => Number.isFinite(value) ? String(Number(value.toPrecision(7))) : "";

	function read(figure) {
		const data = JSON.parse(figure.querySelector("script").textContent);
		data.traces.forEach((trace, i) => {
			trace.x = trace.x === undefined ? data.traces[i - 1].x : floats(trace.x);
			for (const which of ["y", "low", "z"])
				if (trace[which] !== undefined)
					trace[which] = floats(trace[which]);
		});
		if (data.image)
			data.image.bytes = bytes(data.image.bytes);
		return data;
	}

	/* ---- drawing */

	/* A scale as Plotly has it: positions 0 to 1 with their colours, and values as the colour bar counts them. */
	const ramp = scale => dark.matches ? scale.dark : scale.light;
	const stops = scale => ramp(scale).map((colour, i, all) => [i / (all.length - 1), colour]);
	const onScale = (scale, value) => scale.log ? Math.log10(value) : value;
	const span = scale => [onScale(scale, scale.low), onScale(scale, scale.high)];

	function scaleColour(scale, value) {
		const colours = ramp(scale), [low, high] = span(scale);
		const place = Math.min(Math.max((onScale(scale, value) - low) / (high - low), 0), 1) * (colours.length - 1);
		const i = Math.min(Math.floor(place), colours.length - 2), part = place - i;
		const mixed = [1, 3, 5].map(at => Math.round((1 - part) * parseInt(colours[i].substr(at, 2), 16) + part * parseInt(colours[i + 1].substr(at, 2), 16)));
		return `rgb(${mixed})`;
	}

	/* What draws the colour bar, and nothing else. */
	function colourBar(scale) {
		const [low, high] = span(scale), ticks = [];
		for (let power = Math.floor(low); scale.log && power <= high; power++)
			for (const digit of [1, 3])
				if (digit * 10 ** power >= scale.low * 0.999 && digit * 10 ** power <= scale.high * 1.001)
					ticks.push(digit * 10 ** power);
		const named = scale.log ? { tickvals: ticks.map(Math.log10), ticktext: ticks.map(String) } : {};
		return {
			type: "scatter", mode: "markers", x: [null], y: [null], showlegend: false, hoverinfo: "skip",
			marker: { color: [low], cmin: low, cmax: high, colorscale: stops(scale), showscale: true, colorbar: {
				title: { text: plain(scale.title), side: "right" }, thickness: 12, len: 0.8, outlinewidth: 0, tickfont: { color: css("--soft") },
				exponentformat: "power", ...named } }
		};
	}

	/* A closed outline for every run of the band without a gap; of bars, each by itself. */
	function outline(trace) {
		if (trace.mark === "bars") {
			const three = value => Array.from(trace.x, (_, i) => value(i)).flat();
			return { x: three(i => [trace.x[i], trace.x[i], null]), y: three(i => [trace.low[i], trace.y[i], null]) };
		}
		const x = [], y = [], whole = i => Number.isFinite(trace.y[i]) && Number.isFinite(trace.low[i]);
		for (let i = 0, end; i < trace.x.length; i = end + 1) {
			for (end = i; end < trace.x.length && whole(end);)
				end++;
			if (end > i) {
				x.push(...trace.x.subarray(i, end), ...trace.x.slice(i, end).reverse(), null);
				y.push(...trace.y.subarray(i, end), ...trace.low.slice(i, end).reverse(), null);
			}
		}
		return { x, y };
	}

	/* Points, a band, or a line, on which a value between two gaps becomes a dot: it would else be lost. */
	function curve(trace, data) {
		const colour = trace.value !== undefined ? scaleColour(data.scale, trace.value) : dark.matches ? trace.dark : trace.light;
		const number = trace.panel ? trace.panel + 1 : "", bars = trace.mark === "bars", band = trace.mark === "band" || bars, points = trace.mark === "points";
		const common = {
			type: "scatter", name: plain(trace.label), xaxis: "x" + number, yaxis: "y" + number, showlegend: !trace.quiet && trace.value === undefined,
			connectgaps: false, legendgroup: trace.label
		};
		if (band)
			return { ...common, ...outline(trace), mode: "lines", fill: bars ? "none" : "toself", fillcolor: colour + (trace.guide ? "59" : "33"),
				line: { width: bars ? 1 : 0, color: colour }, opacity: bars ? 0.45 : 1, hoverinfo: "skip" };
		const gap = i => !Number.isFinite(trace.y[i]), alone = i => gap(i - 1) && !gap(i) && gap(i + 1);
		const strokes = trace.mark === "strokes", lone = !points && trace.y.some((value, i) => alone(i));
		const marker = trace.z ? { color: trace.z, cmin: data.scale.low, cmax: data.scale.high, colorscale: stops(data.scale), size: 4 }
			: { color: colour, symbol: points ? trace.symbol : "circle", size: lone ? Array.from(trace.y, (value, i) => alone(i) ? 4 : 0) : data.lanes ? 9 : 5,
				opacity: !points || data.lanes ? 1 : trace.x.length > 400 ? 0.4 : dark.matches ? 0.8 : 0.55 };
		return {
			...common, mode: points ? "markers" : lone ? "lines+markers" : "lines", x: trace.x, y: trace.y, marker,
			opacity: strokes ? 0.6 : 1, line: { color: colour, width: trace.guide || trace.value !== undefined ? 1.4 : 2.4, dash: trace.dash },
			hovertemplate: (data.lanes ? "%{x:.4~g}" : "%{x:.4~g}, %{y:.3~g}") + (trace.z ? ": %{marker.color:.3~g}" : "") + "<extra>%{fullData.name}</extra>"
		};
	}

	function picture(image) {
		const rows = [], span = image.high - image.low;
		for (let r = 0; r < image.rows; r++)
			rows.push(Float32Array.from(image.bytes.subarray(r * image.columns, (r + 1) * image.columns), b => image.low + span * b / 255));
		return {
			type: "heatmap", z: rows, x0: image.x, dx: image.dx, y0: image.y, dy: image.dy, zmin: image.low, zmax: image.high,
			colorscale: stops(image), zsmooth: false,
			colorbar: { thickness: 12, outlinewidth: 0, tickfont: { color: css("--soft") }, exponentformat: "power" },
			hovertemplate: "%{x:.5~g}, %{y:.5~g}: %{z:.3~g}<extra></extra>"
		};
	}

	/* On a long logarithmic axis only the powers of ten are named. An image shows all that it has. */
	function axis(title, log, [low, high]) {
		const decades = log ? Math.log10(high / low) : 0;
		return {
			title: { text: plain(title), standoff: 8 }, type: log ? "log" : "linear", exponentformat: "power",
			dtick: !log ? undefined : decades > 1.5 ? Math.ceil(decades / 8) : "D2", gridcolor: css("--grid"), linecolor: css("--soft"), tickcolor: css("--soft"), showline: true, ticks: "outside", zeroline: false,
			minor: log ? { ticks: "outside", ticklen: 2 } : {},
			...(log && decades <= 1.5 ? { tickformat: ".3~g" } : {}), ...(low < high ? { range: log ? [Math.log10(low), Math.log10(high)] : [low, high] } : {})
		};
	}

	/* Rows of a forest: a name at the middle of its lanes, which lie at -1, -2, ... */
	function rowAxis(data) {
		const places = new Map();
		data.lanes.forEach((name, i) => name && places.set(name, [...(places.get(name) ?? []), -1 - i]));
		return {
			...axis(data.y, false, data.spany), automargin: true, showgrid: false, tickvals: [...places.values()].map(at => (at[0] + at.at(-1)) / 2),
			ticktext: [...places.keys()].map(plain)
		};
	}

	/* Panels share their axes; only the outer ones have titles and numbers. */
	function panels(data, out) {
		const { rows, columns } = data, gap = { x: 0.03, y: 0.14 / rows };
		const wide = (1 - gap.x * (columns - 1)) / columns, tall = (1 - gap.y * (rows - 1)) / rows;
		out.annotations = [];
		data.panels.forEach((title, p) => {
			const row = Math.floor(p / columns), column = p % columns, number = p ? p + 1 : "";
			const left = column * (wide + gap.x), bottom = 1 - tall - row * (tall + gap.y), low = p + columns >= data.panels.length;
			out["xaxis" + number] = { ...axis(low ? data.x : "", data.logx, data.spanx), domain: [left, left + wide], anchor: "y" + number, showticklabels: low,
				matches: p ? "x" : undefined };
			out["yaxis" + number] = { ...axis(column ? "" : data.y, data.logy, data.spany), domain: [bottom, bottom + tall], anchor: "x" + number,
				showticklabels: !column, matches: p ? "y" : undefined };
			out.annotations.push({ text: plain(title), showarrow: false, xref: `x${number} domain`, yref: `y${number} domain`, x: 0.5, y: 1, yanchor: "bottom",
				font: { color: css("--soft") } });
		});
		out.margin = { l: 74, r: 96, t: 30, b: 48 };
	}

	function layout(data) {
		const out = {
			paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 74, r: 12, t: 8, b: 48 },
			font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: css("--ink") },
			xaxis: axis(data.x, data.logx, data.spanx), yaxis: data.lanes ? rowAxis(data) : axis(data.y, data.logy, data.spany),
			showlegend: data.traces.some(trace => !trace.quiet && trace.value === undefined), hovermode: "closest",
			legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left" }
		};
		if (data.panels.length > 1)
			panels(data, out);
		if (data.equal) { /* panels match the first */
			out.yaxis.scaleanchor = "x";
			for (const name of Object.keys(out).filter(name => /^[xy]axis/.test(name)))
				out[name].constrain = "domain";
		}
		return out;
	}

	function draw(figure) {
		const data = figure.data ??= read(figure), plot = figure.querySelector(".plot");
		figure.classList.add("drawn");
		const entries = data.traces.filter(trace => !trace.quiet && trace.value === undefined).length;
		plot.style.height = data.lanes ? `${7 + 1.25 * data.lanes.length + 0.9 * entries}rem` : data.rows > 1 ? `${20 * data.rows}rem` : entries > 3 ? `${25 + 0.9 * (entries - 3)}rem` : "";
		const traces = data.image ? [picture(data.image)] : data.traces.map(trace => curve(trace, data));
		if (data.scale)
			traces.push(colourBar(data.scale));
		return Plotly.react(plot, traces, layout(data),
			{ displayModeBar: false, responsive: true });
	}

	/* ---- saving */

	function offer(name, url) {
		const link = make("a");
		link.href = url;
		link.download = name;
		link.click();
	}

	/* Rows of texts: the image as a matrix, or every series with its x and y. */
	function table(data, most) {
		if (data.image) {
			const { image } = data, head = ["row"];
			for (let c = 0; c < image.columns; c++)
				head.push(digits(image.x + c * image.dx));
			const rows = [];
			for (let r = 0; r < Math.min(image.rows, most); r++)
				rows.push([digits(image.y + r * image.dy), ...Array.from(image.bytes.subarray(r * image.columns, (r + 1) * image.columns),
					b => digits(image.low + (image.high - image.low) * b / 255))]);
			return { head, rows };
		}
		const rows = [], head = ["series", data.x, data.lanes ? "row" : data.y], row = y => !data.lanes ? digits(y) : data.lanes[-1 - y] ?? "";
		if (data.traces.some(trace => trace.z))
			head.push(data.scale.title);
		for (const trace of data.traces) {
			const name = data.panels.length > 1 ? `${data.panels[trace.panel]}: ${trace.label}` : trace.label;
			for (let i = 0; i < trace.x.length && rows.length < most; i++)
				if (trace.low)
					rows.push([name + " (lower end)", digits(trace.x[i]), digits(trace.low[i])], [name + " (upper end)", digits(trace.x[i]), digits(trace.y[i])]);
				else
					rows.push([trace.mark === "strokes" ? name + " (ends)" : name, digits(trace.x[i]), row(trace.y[i]), ...(trace.z ? [digits(trace.z[i])] : [])]);
		}
		return { head, rows };
	}

	/* A cell that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves do. */
	function field(text) {
		const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? "'" + text : text;
		return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
	}

	function saveTable(data) {
		const { head, rows } = table(data, Infinity);
		const url = URL.createObjectURL(new Blob([[head, ...rows].map(row => row.map(field).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }));
		offer(data.file + ".csv", url);
		setTimeout(() => URL.revokeObjectURL(url), 10000);
	}

	async function savePicture(figure, data, format) {
		const still = figure.querySelector("img.static");
		if (format === "svg" && still)
			return offer(data.file + ".svg", still.src);
		await draw(figure);
		offer(data.file + "." + format, await Plotly.toImage(figure.querySelector(".plot"), { format, width: 900, height: 560, scale: 2 }));
	}

	/* ---- the data table, made when it is opened */

	function fill(details, data) {
		const { head, rows } = table(data, 5000), region = make("div"), body = make("tbody"), top = make("tr");
		region.className = "scroll";
		region.tabIndex = 0;
		const list = make("table");
		top.append(...head.map(title => make("th", title)));
		for (const row of rows) {
			const line = make("tr");
			line.append(...row.map(cell => make("td", cell)));
			body.append(line);
		}
		const first = make("thead");
		first.append(top);
		list.append(first, body);
		region.append(list);
		details.append(region);
	}

	/* ---- */

	const figures = [...document.querySelectorAll("figure")], charts = typeof Plotly !== "undefined";
	for (const figure of figures) {
		figure.classList.add("ready");
		figure.classList.toggle("still", !charts);
		const data = () => figure.data ??= read(figure), details = figure.querySelector("details");
		if (!charts && !figure.querySelector("img.static"))
			figure.querySelector('[data-save="SVG"]').remove();
		figure.querySelector(".tools").addEventListener("click", event => {
			const format = event.target.dataset.save;
			if (format === "CSV")
				saveTable(data());
			else if (format)
				savePicture(figure, data(), format.toLowerCase());
		});
		details.addEventListener("toggle", () => details.childElementCount === 1 && fill(details, data()));
	}
	if (charts) {
		const seen = new IntersectionObserver(entries => {
			for (const { isIntersecting, target } of entries)
				if (isIntersecting) {
					seen.unobserve(target);
					draw(target);
				}
		}, { rootMargin: "300px" });
		figures.forEach(figure => seen.observe(figure));
		dark.addEventListener("change", () => document.querySelectorAll("figure.drawn").forEach(draw));
	}
	if (matchMedia("(max-width: 68rem)").matches)
		document.querySelector("nav details").open = false;
})();
