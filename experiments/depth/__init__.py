"""What the skip buys: plain and residual networks of many depths, measured and written up."""
