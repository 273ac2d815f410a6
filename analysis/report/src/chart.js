// ECharts with nothing but what the figures use, drawing SVG.
import {BarChart, LineChart, ScatterChart} from 'echarts/charts';
import {GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent} from 'echarts/components';
import * as echarts from 'echarts/core';
import {SVGRenderer} from 'echarts/renderers';
import {drawing} from './dom.js';
import {ink, line, soft} from './palette.js';

echarts.use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent,
             TooltipComponent, SVGRenderer]);

// The renderer writes fonts into `style` attributes, which the page's policy refuses; the same text through the style
// object is allowed.
const set_attribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === 'style') this.style.cssText = value;
  else set_attribute.call(this, name, value);
};

export const font = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const charts = [];

/** `option`: (width) → an ECharts option. `label`: what the chart says, for who does not see it. */
export function chart(label, height, option) {
  return drawing(label, box => {
    const at = echarts.init(box, null, {renderer: 'svg', width: box.clientWidth, height});
    const draw = () => {
      const width = box.clientWidth;
      at.resize({width, height});
      at.setOption(complete(option(width)), true);
      const picture = box.querySelector('svg');
      if (picture) {
        picture.setAttribute('viewBox', `0 0 ${width} ${height}`); // so that print can shrink it
        picture.setAttribute('aria-hidden', 'true'); // the box around it has the label
      }
    };
    draw();
    charts.push({box, draw, width: box.clientWidth});
  });
}

/** Draws what is in the page and not drawn, then whenever the window's width changes. */
export function draw_all(root) {
  for (const box of root.querySelectorAll('.drawing')) box.draw(box);
  let waiting = 0;
  window.addEventListener('resize', () => {
    if (matchMedia('print').matches) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const one of charts)
        if (one.box.clientWidth > 0 && one.box.clientWidth !== one.width) {
          one.width = one.box.clientWidth;
          one.draw();
        }
    }, 120);
  });
}

function complete(option) {
  return {
    animation: false,
    textStyle: {fontFamily: font, fontSize: 13, color: ink},
    ...option,
    legend: option.legend && {textStyle: {color: ink, fontSize: 13}, itemWidth: 14, itemHeight: 11, itemGap: 9, ...option.legend},
    // Text drawn as text: no HTML from names.
    tooltip: {renderMode: 'richText', confine: true, textStyle: {fontSize: 13, color: ink}, ...option.tooltip},
  };
}

export const value_axis = (name, more = {}) => ({
  type: 'value', name, nameLocation: 'middle', nameGap: 30, nameTextStyle: {color: soft, fontSize: 13},
  axisLabel: {color: ink, fontSize: 13, hideOverlap: true, ...more.axisLabel}, splitLine: {showMinLine: false, showMaxLine: false, lineStyle: {color: line}},
  ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'axisLabel')),
});
/** Names from top to bottom; what is too long is cut with an ellipsis (the table has it whole). */
export const name_axis = (names, width, more = {}) => ({
  type: 'category', data: names.map((_, i) => i), inverse: true, axisTick: {show: false}, axisLine: {lineStyle: {color: soft}},
  axisLabel: {color: ink, fontSize: 13, lineHeight: 17, width, overflow: 'truncate', interval: 0, formatter: i => names[i], ...more},
});
/** Where the bars begin: room for names, not more than a third of the page. */
export const room_for = (names, width, most = 0.34) =>
  Math.min(width * most, 30 + Math.max(...names.flatMap(n => n.split('\n')).map(n => n.length)) * 7.8);
