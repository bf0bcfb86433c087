/** Places that the plot and everything on its time axis share, CSS pixels. */
export const PLOT_LEFT_PX = 64;
export const PLOT_RIGHT_PX = 22;
