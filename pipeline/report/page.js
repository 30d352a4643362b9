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
		for (const trace of data.traces) {
			trace.x = floats(trace.x);
			trace.y = floats(trace.y);
		}
		if (data.image)
			data.image.bytes = bytes(data.image.bytes);
		return data;
	}

	/* ---- drawing */

	/* Points, or a line, on which a value between two gaps becomes a dot: it would else be lost. */
	function curve(trace) {
		const colour = dark.matches ? trace.dark : trace.light, points = trace.mark === "points";
		const gap = i => !Number.isFinite(trace.y[i]), alone = i => gap(i - 1) && !gap(i) && gap(i + 1);
		const lone = !points && trace.y.some((value, i) => alone(i));
		return {
			type: "scatter", mode: points ? "markers" : lone ? "lines+markers" : "lines", name: plain(trace.label), x: trace.x, y: trace.y,
			marker: { color: colour, symbol: points ? trace.symbol : "circle", size: lone ? Array.from(trace.y, (value, i) => alone(i) ? 4 : 0) : 5,
				opacity: !points ? 1 : dark.matches ? 0.8 : 0.55 },
			line: { color: colour, width: 2.4, dash: trace.dash }, connectgaps: false,
			hovertemplate: "%{x:.4~g}, %{y:.3~g}<extra>%{fullData.name}</extra>"
		};
	}

	function picture(image) {
		const rows = [], ramp = dark.matches ? image.dark : image.light, span = image.high - image.low;
		for (let r = 0; r < image.rows; r++)
			rows.push(Float32Array.from(image.bytes.subarray(r * image.columns, (r + 1) * image.columns), b => image.low + span * b / 255));
		return {
			type: "heatmap", z: rows, x0: image.x, dx: image.dx, y0: image.y, dy: image.dy, zmin: image.low, zmax: image.high,
			colorscale: ramp.map((colour, i) => [i / (ramp.length - 1), colour]), zsmooth: false,
			colorbar: { thickness: 12, outlinewidth: 0, tickfont: { color: css("--soft") }, exponentformat: "power" },
			hovertemplate: "%{x:.5~g}, %{y:.5~g}: %{z:.3~g}<extra></extra>"
		};
	}

	/* On a long logarithmic axis only the powers of ten are named. */
	function decades(data, which) {
		let low = Infinity, high = 0;
		for (const trace of data.traces)
			for (const value of trace[which])
				if (value > 0) {
					low = Math.min(low, value);
					high = Math.max(high, value);
				}
		return high > 0 ? Math.log10(high / low) : 0;
	}

	function axis(title, log, span) {
		return {
			title: { text: plain(title), standoff: 8 }, type: log ? "log" : "linear", exponentformat: "power",
			dtick: !log ? undefined : span > 1.5 ? Math.ceil(span / 8) : "D2", gridcolor: css("--grid"), linecolor: css("--soft"), tickcolor: css("--soft"), showline: true, ticks: "outside", zeroline: false,
			automargin: true, minor: log ? { ticks: "outside", ticklen: 2 } : {}
		};
	}

	function layout(data) {
		const out = {
			paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 12, t: 8, b: 44 },
			font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: css("--ink") },
			xaxis: axis(data.x, data.logx, decades(data, "x")), yaxis: axis(data.y, data.logy, decades(data, "y")),
			showlegend: data.traces.length > 0, hovermode: "closest",
			legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left" }
		};
		if (data.equal)
			out.yaxis.scaleanchor = "x";
		return out;
	}

	function draw(figure) {
		const data = figure.data ??= read(figure), plot = figure.querySelector(".plot");
		figure.classList.add("drawn");
		return Plotly.react(plot, data.image ? [picture(data.image)] : data.traces.map(curve), layout(data),
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
		const rows = [];
		for (const trace of data.traces)
			for (let i = 0; i < trace.x.length && rows.length < most; i++)
				rows.push([trace.label, digits(trace.x[i]), digits(trace.y[i])]);
		return { head: ["series", data.x, data.y], rows };
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
